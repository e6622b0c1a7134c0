// alfi simulator: simulators of one's own. Writes a header to start from, compiles it to a module, checks it, lists
// those there are.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
#include <filesystem>
#include <memory>
#include <span>

#include "alfi/error.hpp"
#include "alfi/simulators.hpp"
#include "src/cli/command.hpp"
#include "src/cli/destination.hpp"
#include "src/cli/given_simulator.hpp"
#include "src/cli/output.hpp"
#include "src/simulators/conformance.hpp"
#include "src/simulators/module.hpp"
#include "src/simulators/simulators.hpp"
#include "src/system/atomic_file.hpp"

namespace alfi::cli {
namespace {

constexpr std::string_view header_to_start_from = R"(// {0}: what it simulates, and where its law is from.
#include <alfi/simulator.hpp>

struct {1} {{
  // Facts that users read: parameters with unit and prior (uniform, normal, log_uniform, …), what an observation is.
  static constexpr auto facts = alfi::simulator("{0}", "waiting times with an unknown lifetime")
                                    .parameter("lifetime", "s", alfi::log_uniform(0.1, 10))
                                    .observations(1, alfi::real(0, alfi::infinity), "waiting times, s");

  // Draws one observation x at theta, in the order of the parameters above. `random` has uniform(), normal(),
  // exponential(), gamma(shape), beta(a, b), poisson(mean), binomial(n, p), geometric(p), below(n) and
  // categorical(weights, count). alfi::exp, log, sqrt, … of float numbers have the same bits on every machine.
  template <class Random>
  ALFI_DEVICE static void simulate(const float* theta, Random& random, float* x) {{
    x[0] = theta[0] * random.exponential();
  }}
}};
ALFI_SIMULATOR({1})
)";

/// The struct's name for a simulator's: my_decay is MyDecay.
std::string struct_name(const std::string& name) {
  std::string words;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (name[i] != '_') words += i == 0 || name[i - 1] == '_' ? static_cast<char>(std::toupper(name[i])) : name[i];
  return words;
}

void write_new(const std::string& name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  if (name.empty() || !std::ranges::all_of(name, plain) || name[0] < 'a')
    throw InputError(fmt::format("NAME {} must be of the letters a to z, digits and _, a letter first", name));
  const std::filesystem::path file = name + ".hpp";
  if (std::filesystem::exists(file)) throw InputError(fmt::format("{}: is there already", file.string()));
  const std::string text = fmt::format(header_to_start_from, name, struct_name(name));
  write_file_atomically(file, std::as_bytes(std::span(text)));
  write_output(fmt::format("{0}.hpp is written. Check it: alfi simulator check {0}.hpp\n", name));
}

struct Arguments {
  std::string what, out;
  bool object = false;
  std::vector<std::string> constants;
};

void build(const Arguments& arguments) {
  const auto& [header, out, object, texts] = arguments;
  const std::filesystem::path file = out.empty()
                                         ? std::filesystem::path(header).replace_extension(object ? ".o" : ".alfi.so")
                                         : std::filesystem::path(out);
  require_other_file("--out", file, header, "the header");
  const std::map<std::string, double> constants = parse_constants(texts);
  Configuration::Simulator simulator{.name = {}, .parameters = constants};
  simulator.source = header;
  const std::string must = refused_constants(simulator);
  if (!must.empty()) throw InputError(fmt::format("--parameter {}: must be of {}", fmt::join(texts, ", "), must));
  const std::string fault = object ? compile_object(header, file, constants) : compile_module(header, file, constants);
  if (!fault.empty()) say("note: a device will call it on the host; nvcc makes no kernels of it:\n{}\n", fault);
  write_output(object ? fmt::format("{} is written\n", file.string())
                      : fmt::format("{} is written: {}\n", file.string(), load_module(file)->facts.name));
}

void check(const std::string& what, const std::map<std::string, double>& given) {
  const SimulatorInfo simulator = given_simulator(what, given);
  if (const auto sources = simulator_sources(simulator.number); !sources.empty()) {
    // By itself first: what never returns would end no check.
    const auto constants = is_configuration(what) ? load_configuration(what).simulator.parameters : given;
    const std::string fault = try_header(sources.front().path, prior_points(simulator), constants);
    if (!fault.empty()) throw RunError(fmt::format("{}: {}", simulator.name, fault));
  }
  const Conformance result = check_conformance(simulator);
  for (const std::string& note : result.notes) say("note: {}\n", note);
  for (const std::string& fault : result.faults) say("{}\n", fault);
  if (!result.faults.empty())
    throw RunError(
        fmt::format("{} has {} fault{}", simulator.name, result.faults.size(), result.faults.size() == 1 ? "" : "s"));
  const std::string found = is_called(simulator.number)
                                ? "are of the kind that it says"
                                : fmt::format("have the same bits with {}", fmt::join(result.sets, ", "));
  write_output(
      fmt::format("{} conforms: {} observations of each of {} parameters of its prior {}\n"
                  "an observation takes a core {:.3g} ns\n",
                  simulator.name, result.observations, result.parameters, found, result.nanoseconds));
  if (result.steps > 0)
    write_output(fmt::format("it takes {:.4g} steps, {:.3g} ns each; {:.0f} % of the lanes are busy\n", result.steps,
                             result.nanoseconds / result.steps, 100 * result.lanes_busy));
}

void list() {
  for (const SimulatorInfo& simulator : simulators())
    write_output(fmt::format("{:<20} {}\n", simulator.name, simulator.description));
}

}  // namespace

void add_simulator(CLI::App& app) {
  CLI::App* const command =
      app.add_subcommand("simulator", "Simulators of one's own: a header to start from, compiling it, checking it");
  command->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const fresh = command->add_subcommand("new", "Writes NAME.hpp, a header to start from");
  fresh->add_option("NAME", arguments->what, "The simulator's name")->required();
  fresh->callback([arguments] { write_new(arguments->what); });
  CLI::App* const built = command->add_subcommand("build", "Compiles a header to a module");
  built->add_option("HEADER", arguments->what, "The header")->required();
  built->add_option("--out", arguments->out, "The module; the header's name with .alfi.so if not given")
      ->type_name("FILE");
  built->add_flag("--static", arguments->object,
                  "An object file instead (.o), which registers the simulator in the program that it is linked into");
  built->callback([arguments] { build(*arguments); });
  CLI::App* const checked = command->add_subcommand(
      "check", "Tries a simulator at draws of its prior: equal bits everywhere, observations of the kind it says");
  checked
      ->add_option("SIMULATOR", arguments->what,
                   "A header, a module, a configuration, or the name of one that alfi has")
      ->required();
  checked->callback([arguments] { check(arguments->what, parse_constants(arguments->constants)); });
  for (CLI::App* const with_constants : {built, checked})
    with_constants
        ->add_option("--parameter", arguments->constants, "A constant of the header, as in simulator.parameters")
        ->type_name("NAME=VALUE")
        ->take_all()
        ->expected(1)
        ->allow_extra_args(false);
  command->add_subcommand("list", "Lists the simulators that alfi has")->callback(list);
}

}  // namespace alfi::cli
