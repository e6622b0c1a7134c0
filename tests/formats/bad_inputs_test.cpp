// A table of bad inputs, tests/data/bad_inputs.tsv: a reader, its input and what it says. Bytes that a text editor
// would not show are written as in C.
//
// If a message becomes another one, ALFI_RECORD=FILE build/tests/alfi_tests --gtest_filter=BadInputs.* writes the
// table anew.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "alfi/configuration.hpp"
#include "alfi/error.hpp"
#include "src/backends/host/host_processor.hpp"
#include "src/formats/observations.hpp"
#include "src/formats/safetensors.hpp"
#include "src/machine/replay.hpp"
#include "src/model/checkpoint.hpp"
#include "src/simulators/protocol.hpp"
#include "tests/support/temporary_folder.hpp"

namespace alfi {
namespace {

struct Row {
  std::string reader, input, message;
};

std::vector<Row> table() {
  std::ifstream file(ALFI_TEST_DATA "/bad_inputs.tsv");
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find('\t'), last = line.rfind('\t');
    if (line.starts_with("#")) continue;
    rows.push_back({line.substr(0, first), line.substr(first + 1, last - first - 1), line.substr(last + 1)});
  }
  return rows;
}

/// Returns the bytes that are written with \n, \t, \\ and \xNN.
std::string bytes_of(const std::string& written) {
  std::string bytes;
  for (std::size_t i = 0; i < written.size(); ++i) {
    const char next = i + 1 < written.size() ? written[i + 1] : '\0';
    if (written[i] != '\\') {
      bytes += written[i];
    } else if (next == 'x') {
      bytes += static_cast<char>(std::stoi(written.substr(i + 2, 2), nullptr, 16));
      i += 3;
    } else {
      bytes += next == 'n' ? '\n' : next == 't' ? '\t' : next;
      ++i;
    }
  }
  return bytes;
}

std::string written(const std::string& message) {
  std::string text;
  for (const char c : message) {
    if (c == '\n')
      text.append("\\n");
    else if (c == '\t')
      text.append("\\t");
    else
      text.push_back(c);
  }
  return text;
}

void read_file_of(const std::string& input, const char* name, const ObservationInfo& allowed) {
  const test::TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  folder.write(name, input);
  std::filesystem::current_path(folder.path());  // so that messages do not differ from run to run
  try {
    (void)read_observations(name, {}, allowed);
  } catch (...) {
    std::filesystem::current_path(before);
    throw;
  }
  std::filesystem::current_path(before);
}

SafeTensors tensors(const std::string& input) {
  return parse_safetensors(std::as_bytes(std::span(input)), "file.safetensors");
}

std::array<float, 4> theta{1, 2, 3, 4};
std::array<float, 6> x{};
const SimulatorBatch batch{.theta = theta, .parameters = 2, .observations = 3, .seed = 1, .x = x};

const std::map<std::string, std::function<void(const std::string&)>> readers{
    {"text",
     [](const auto& input) {
       read_file_of(input, "data.csv", {1, false, -1e9, 1e9, "numbers"});
     }},
    {"counts",
     [](const auto& input) {
       read_file_of(input, "data.csv", {1, true, 0, INFINITY, "counts"});
     }},
    {"array",
     [](const auto& input) {
       read_file_of(input, "data.npy", {1, false, -1e9, 1e9, "numbers"});
     }},
    {"configuration", [](const auto& input) { parse_configuration(input); }},
    {"tensors", [](const auto& input) { tensors(input); }},
    {"checkpoint", [](const auto& input) { (void)checkpoint_from(tensors(input)); }},
    {"tape",
     [](const auto& input) {
       HostProcessor processor(1);
       (void)replay(tensors(input), processor);
     }},
    {"greeting", [](const auto& input) { (void)frames::greeted()(input); }},
    {"frame", [](const auto& input) { (void)frames::answer(7, batch)(input); }},
    {"lines", [](const auto& input) { (void)csv::answer(batch)(input); }},
};

/// Returns what a reader says of an input.
std::string said_of(const Row& row) {
  try {
    readers.at(row.reader)(bytes_of(row.input));
  } catch (const InputError& error) {
    return written(error.what());
  } catch (const RunError& error) {
    return written(error.what());
  } catch (const Misbehaviour& error) {
    return written(error.what());
  } catch (const Refusal& error) {
    return written(error.what());
  }
  return "nothing";
}

TEST(BadInputs, AreAnsweredAsTheTableSays) {
  const std::vector<Row> rows = table();
  EXPECT_GE(rows.size(), 200U);
  const char* const record = std::getenv("ALFI_RECORD");
  std::ofstream anew(record != nullptr ? record : "/dev/null");
  anew << "# reader\tinput\twhat is said; by tests/formats/bad_inputs_test.cpp\n";
  for (const Row& row : rows) {
    const std::string said = said_of(row);
    EXPECT_EQ(said, row.message) << row.reader << " " << row.input;
    EXPECT_NE(said, "nothing") << row.reader << " " << row.input;
    anew << row.reader << "\t" << row.input << "\t" << said << "\n";
  }
}

}  // namespace
}  // namespace alfi
