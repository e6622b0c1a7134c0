// A simulator as a program, good or bad: tested_program MODE [NUMBER] [MARKER]. The good ones draw the law of
// examples/simulators/decay.hpp from the seed.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

std::string mode;
double number = 0;

struct Question {
  long id;
  int parameters, observations;
  unsigned seed;
};

bool read_line(std::string& line) {
  line.clear();
  for (int c = 0; (c = std::getchar()) != EOF && c != '\n';) line += static_cast<char>(c);
  return !std::feof(stdin);
}

void write_all(const void* data, std::size_t size) {
  std::fwrite(data, 1, size, stdout);
  std::fflush(stdout);
}

void pause() { std::this_thread::sleep_for(std::chrono::duration<double>(number)); }
void hang() {
  for (;;) std::this_thread::sleep_for(1h);
}

std::vector<float> simulated(const Question& question, const std::vector<float>& theta) {
  std::minstd_rand engine(question.seed + 1);
  std::vector<float> x;
  for (int p = 0; p < question.parameters; ++p)
    for (int n = 0; n < question.observations; ++n) {
      const double u = (static_cast<double>(engine()) - 0.5) / 2147483646;
      const auto at = static_cast<std::size_t>(2 * p);
      x.push_back(theta[at + 1] - theta[at] * static_cast<float>(std::log(u)));
    }
  return x;
}

/// Says whether this is one of the first `number` processes that a file counts. The word is "in FILE": a word that is a
/// file is a part of the program, and one that changes would be another program.
bool is_early(const char* word) {
  std::FILE* const file = std::fopen(word + 3, "a");
  std::fputc('x', file);
  const bool early = static_cast<double>(std::ftell(file)) <= number;
  std::fclose(file);
  return early;
}

void answer(const Question& question, std::vector<float> x) {
  std::string head = "{\"id\": " + std::to_string(question.id) + "}\n";
  if (mode == "error") head.insert(head.size() - 2, ", \"error\": \"the solver did not converge\"");
  if (mode == "other-id") head = "{\"id\": 123456789}\n";
  if (mode == "no-object") head = "[1, 2]\n";
  if (mode == "noise") head = "Step 1: all is well\n" + head;
  if (mode == "one-line") head = std::string(100'000, 'x');
  if (mode == "nan") x[0] = std::numeric_limits<float>::quiet_NaN();
  if (mode == "short") x.pop_back();
  if (mode == "long") x.push_back(1);
  if (mode == "sleep") pause();
  if (mode == "late" && question.id % 3 == 0) pause();
  if (mode == "hang") hang();
  if (mode == "exit-in-answer") {
    write_all(head.data(), head.size());
    std::fprintf(stderr, "out of ideas\n");
    std::exit(7);
  }
  if (mode == "kill-itself") std::abort();
  if (mode == "closes-stdout") {
    std::fclose(stdout);
    hang();
  }
  head.append(reinterpret_cast<const char*>(x.data()), x.size() * sizeof(float));
  write_all(head.data(), mode == "error" ? head.find('\n') + 1 : head.size());
  if (mode == "twice") write_all(head.data(), head.size());
}

[[noreturn]] void answer_frames() {
  std::string line;
  if (!read_line(line)) std::exit(0);
  const std::string hello = mode == "other-version" ? "{\"alfi\": 2}\n" : "{\"alfi\": 1, \"name\": \"decay\"}\n";
  if (mode == "slow-start") pause();
  write_all(hello.data(), hello.size());
  if (mode == "exit-after-greeting") std::exit(3);
  if (mode == "unread") hang();
  if (mode == "closes-stdin") {
    std::fclose(stdin);
    hang();
  }
  unsigned unstable = 0;
  while (read_line(line)) {
    Question question{};
    if (std::sscanf(line.c_str(), R"({"id": %ld, "parameters": %d, "observations": %d, "seed": %u})", &question.id,
                    &question.parameters, &question.observations, &question.seed) != 4)
      std::exit(9);
    std::vector<float> theta(2 * static_cast<std::size_t>(question.parameters));
    if (std::fread(theta.data(), sizeof(float), theta.size(), stdin) != theta.size()) std::exit(8);
    if (mode == "unstable") question.seed += ++unstable;
    if (mode == "talks") std::fprintf(stderr, "question %ld of %d parameters\n", question.id, question.parameters);
    if (mode == "shouts") {
      const std::string words(200'000, '!');
      std::fputs(words.c_str(), stderr);
    }
    if (mode == "until" && static_cast<double>(question.id) >= number) std::exit(4);
    answer(question, simulated(question, theta));
  }
  if (mode == "deaf") hang();  // to the end of its standard input
  std::exit(0);
}

[[noreturn]] void answer_csv() {
  std::string line;
  while (read_line(line)) {
    float lifetime = 0, dead_time = 0;
    Question question{0, 1, 0, 0};
    if (std::sscanf(line.c_str(), "%f,%f,%d,%u", &lifetime, &dead_time, &question.observations, &question.seed) != 4)
      std::exit(9);
    for (const float x : simulated(question, {lifetime, dead_time})) std::printf("%.9g\n", static_cast<double>(x));
    if (mode == "csv-words") std::printf("done\n");
    if (mode == "csv-columns") std::printf("1,2\n");
    std::fflush(stdout);
  }
  std::exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  mode = argc > 1 ? argv[1] : "good";
  number = argc > 2 ? std::atof(argv[2]) : 0;
  if (mode == "exit-at-once") {
    std::fprintf(stderr, "no licence\n");
    return 5;
  }
  if (mode == "early-exit" && is_early(argv[4])) return 6;
  if (mode == "children") {
    for (int i = 0; i < 2; ++i)
      if (fork() == 0) {
        if (i == 1) setsid();  // one that leaves our group, too
        hang();
      }
  }
  if (mode.starts_with("csv")) answer_csv();
  answer_frames();
}
