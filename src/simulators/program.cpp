#include "src/simulators/program.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <utility>

#include "alfi/error.hpp"
#include "src/simulators/called_simulator.hpp"
#include "src/simulators/protocol.hpp"
#include "src/system/abandoned.hpp"
#include "src/system/atomic_file.hpp"
#include "src/system/child.hpp"

namespace alfi {
namespace {

constexpr int most_times = 4;  // that a question is asked

std::vector<std::string> names_of(const std::vector<SimulatorParameter>& parameters) {
  std::vector<std::string> names;
  for (const SimulatorParameter& parameter : parameters) names.push_back(parameter.name);
  return names;
}

}  // namespace

std::vector<std::size_t> file_words(const std::vector<std::string>& program) {
  std::vector<std::size_t> files;
  for (std::size_t i = 0; i < program.size(); ++i)
    if (std::filesystem::path(program[i]).is_absolute()) files.push_back(i);
  return files;
}

Simulator described_program(const Configuration::Simulator& simulator) {
  const std::vector<std::size_t> files = file_words(simulator.program);
  const std::filesystem::path named = simulator.program[files.empty() ? 0 : files.back()];
  return {.name = named.stem().string(),
          .description = fmt::format("the program {}", fmt::join(simulator.program, " ")),
          .parameters = simulator.program_parameters,
          .observations = simulator.observations,
          .simulate = {}};
}

std::uint64_t program_fingerprint(const Configuration::Simulator& simulator) {
  std::uint64_t hash = facts_hash(described_program(simulator));
  const auto add = [&](const void* data, std::size_t size) { hash = XXH3_64bits_withSeed(data, size, hash); };
  for (const std::string& word : simulator.program) {
    std::error_code hidden;
    if (std::filesystem::path(word).is_absolute() && std::filesystem::is_regular_file(word, hidden)) {
      const std::vector<std::byte> bytes = read_file(word);
      add(bytes.data(), bytes.size());
    } else {
      add(word.data(), word.size());
    }
  }
  return hash;
}

Program::Program(const Configuration::Simulator& simulator)
    : command_(simulator.program),
      workers_(simulator.workers),
      limit_(simulator.timeout_seconds),
      protocol_(simulator.protocol),
      parameters_(names_of(simulator.program_parameters)),
      X_(simulator.observations.dimension) {}

Program::~Program() {
  for (const Worker& worker : idle_) worker->let_go();  // all at once, so that they end side by side
}

void Program::simulate(const SimulatorBatch& batch) {
  Worker worker = take();
  bool answered = false;
  try {
    ask(worker, batch);
    answered = true;
  } catch (const NoLongerWanted&) {
    end(worker);
    give_up(std::make_exception_ptr(Abandoned{}));  // unless there is other trouble
  } catch (...) {
    end(worker);
    give_up(std::current_exception());
  }
  give_back(std::move(worker), answered);
}

Program::Worker Program::take() {
  std::unique_lock<std::mutex> lock(mutex_);
  ++inside_;
  freed_.wait(lock, [this] { return trouble_ != nullptr || taken_ < workers_; });
  ++taken_;
  if (idle_.empty()) return nullptr;
  Worker worker = std::move(idle_.back());
  idle_.pop_back();
  return worker;
}

void Program::give_back(Worker worker, bool answered) {
  const std::lock_guard<std::mutex> guard(mutex_);
  --taken_;
  if (worker) idle_.push_back(std::move(worker));
  freed_.notify_one();
  const std::exception_ptr trouble = trouble_;
  if (--inside_ == 0) {
    trouble_ = nullptr;
    given_up_ = false;
  }
  if (!answered) std::rethrow_exception(trouble);
}

void Program::give_up(std::exception_ptr trouble) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (trouble_ == nullptr) trouble_ = std::move(trouble);
  given_up_ = true;
  freed_.notify_all();
}

void Program::end(Worker& worker) {
  if (worker) worker->kill();
  worker = nullptr;
}

void Program::ask(Worker& worker, const SimulatorBatch& batch) {
  for (int time = 1;; ++time) {
    try {
      if (!worker) start(worker);
      const std::int64_t id = next_id_++;
      if (protocol_ == Protocol::csv)
        worker->ask(csv::question(batch), csv::answer(batch));
      else
        worker->ask(frames::question(id, batch), frames::answer(id, batch));
      return;
    } catch (const Misbehaviour& misbehaviour) {
      end(worker);
      if (time == most_times) throw RunError(complaint(misbehaviour.what(), batch));
    } catch (const Refusal& refusal) {
      throw RunError(fmt::format("{}: answered with the error \"{}\" when it was asked for {}",
                                 fmt::join(command_, " "), trimmed(refusal.what(), 400), question_text(batch)));
    }
  }
}

void Program::start(Worker& worker) {
  if (no_longer_wanted()) throw NoLongerWanted();
  worker = std::make_unique<Conversation>(command_, limit_, log_, [this] { return no_longer_wanted(); });
  if (protocol_ == Protocol::frames) worker->ask(frames::greeting(parameters_, X_), frames::greeted());
}

std::string Program::complaint(const std::string& misbehaviour, const SimulatorBatch& batch) const {
  const std::string words = log_.end();
  return fmt::format(
      "{}: was started and asked {} times without a right answer; the last time it {}. It was asked for {}. {}",
      fmt::join(command_, " "), most_times, misbehaviour, question_text(batch),
      words.empty() ? "It wrote nothing to standard error" : "The end of its standard error:\n" + words);
}

}  // namespace alfi
