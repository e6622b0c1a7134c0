#include "src/cli/given_simulator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "alfi/error.hpp"
#include "src/formats/printable.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi::cli {

std::map<std::string, double> parse_constants(const std::vector<std::string>& texts) {
  std::map<std::string, double> constants;
  for (const std::string& text : texts) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const char* const end = text.data() + text.size();
    double value = 0;
    const auto [read, error] = std::from_chars(text.data() + std::min(equals + 1, text.size()), end, value);
    if (equals == 0 || error != std::errc() || read != end)
      throw InputError(fmt::format("--parameter {}: must be NAME=NUMBER", printable(text)));
    if (!constants.try_emplace(text.substr(0, equals), value).second)
      throw InputError(fmt::format("--parameter {}: is given twice", printable(text)));
  }
  return constants;
}

bool is_configuration(const std::string& what) { return what.ends_with(".yaml") || what.ends_with(".yml"); }

SimulatorInfo given_simulator(const std::string& what, const std::map<std::string, double>& constants) {
  if (!is_configuration(what)) return simulator_at(what, constants);
  if (!constants.empty())
    throw InputError("--parameter does not go with a configuration, which has simulator.parameters");
  const Configuration configuration = load_configuration(what);
  if (minimises(configuration.simulator)) (void)simulator_number(configuration.simulator.name);  // says that it is none
  return find_simulator(configuration);
}

}  // namespace alfi::cli
