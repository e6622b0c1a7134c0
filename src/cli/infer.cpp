// alfi infer: parameters with intervals from a file of observations, one set beside maximum likelihood or many sets as
// a table; draws from the answers, and observations simulated at those.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "alfi/error.hpp"
#include "alfi/machine.hpp"
#include "alfi/simulators.hpp"
#include "kernels/choice_facts.hpp"
#include "src/cli/answer_arrays.hpp"
#include "src/cli/answer_json.hpp"
#include "src/cli/answers_in_turn.hpp"
#include "src/cli/backend.hpp"
#include "src/cli/command.hpp"
#include "src/cli/data_arguments.hpp"
#include "src/cli/destination.hpp"
#include "src/cli/in_order.hpp"
#include "src/cli/machine_arguments.hpp"
#include "src/cli/output.hpp"
#include "src/cli/stop.hpp"
#include "src/exact/exact.hpp"
#include "src/formats/observations.hpp"
#include "src/formats/percent.hpp"
#include "src/formats/printable.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi::cli {
namespace {

struct Arguments {
  MachineArguments machine;
  DataArguments data;
  InferenceOptions inference;
  BackendArguments backend;
  bool json = false, combine = false;
  std::optional<std::int64_t> samples, predictive;  ///< draws
  std::string out, format;

  bool draws() const { return samples || predictive; }
};

/// Forms of output. `shown` is for people: a table of one set's answer, lines of .csv of several.
enum class Form { shown, csv, npy, json };

Form form_of(const Arguments& a) {
  const std::map<std::string, Form> forms{{"csv", Form::csv}, {"npy", Form::npy}, {"json", Form::json}};
  if (a.json) return Form::json;
  if (!a.format.empty()) return forms.at(a.format);
  if (a.out.empty()) return a.draws() ? Form::csv : Form::shown;
  const std::string ending = std::filesystem::path(a.out).extension().string();
  const auto form = forms.find(ending.empty() ? ending : ending.substr(1));
  if (form == forms.end() || (a.draws() && form->second == Form::json))
    throw InputError(fmt::format("--out {} must end in .csv{}, or --format must say what it is", printable(a.out),
                                 a.draws() ? " or .npy" : ", .npy or .json"));
  return form->second;
}

/// Refuses options that are wrong or exclude each other.
void check(const Arguments& a) {
  const auto check_draws = [&](const char* option, const std::optional<std::int64_t>& draws) {
    if (!draws) return;
    if (*draws < 1 || *draws > std::numeric_limits<int>::max())
      throw InputError(
          fmt::format("{} {} must be a whole number from 1 to {}", option, *draws, std::numeric_limits<int>::max()));
  };
  if (a.samples && a.predictive)
    throw InputError("--samples does not go with --posterior-predictive: each writes an array of its own to --out");
  check_draws("--samples", a.samples);
  check_draws("--posterior-predictive", a.predictive);
  if (a.json && !a.format.empty() && a.format != "json")
    throw InputError(fmt::format("--json does not go with --format {}", a.format));
  if (a.json && !a.out.empty())
    throw InputError(
        fmt::format("--json does not go with --out {}: a file that ends in .json is JSON", printable(a.out)));
  if (a.draws() && form_of(a) == Form::json) throw InputError("draws are written as csv or npy, not as json");
}

std::string number(double value) { return std::isnan(value) ? "-" : fmt::format("{:.5g}", value); }

/// Prints the table; without maximum likelihood where the simulator has none.
void print_table(const Posterior& posterior, const std::vector<AnswerLine>& lines, bool has_likelihood) {
  const auto row = [&](const std::string& name, const std::string& unit, const std::string& estimate,
                       const std::string& deviation, const std::string& interval, const std::string& most_likely) {
    fmt::print("{:<16} {:<12} {:>10} {:>10}   {:<24}", name, unit, estimate, deviation, interval);
    fmt::print("{}\n", has_likelihood ? fmt::format(" {:>10}", most_likely) : "");
  };
  row("parameter", "unit", "estimate", "deviation", percent_text(posterior.level, 6) + " interval", "max. likelihood");
  for (const AnswerLine& line : lines)
    row(line.name, line.unit, number(line.estimate), number(line.deviation),
        std::isnan(line.lower) ? "-" : fmt::format("[{}, {}]", number(line.lower), number(line.upper)),
        number(line.maximum_likelihood));
}

/// Prints the correlations of each parameter with the ones before it, where the machine learned them.
void print_correlations(const Posterior& posterior) {
  const std::size_t D = posterior.parameters.size();
  fmt::print("\ncorrelation\n");
  for (std::size_t i = 1; i < D; ++i) {
    fmt::print("{:<16}", posterior.parameters[i].name);
    for (std::size_t j = 0; j < i; ++j) fmt::print(" {:>6.2f}", posterior.correlation[i * D + j]);
    fmt::print("\n");
  }
}

/// A call whose arguments have been read and checked.
struct Call {
  const Arguments& arguments;
  const Machine& machine;
  const Observations& sets;  ///< as they were read
  const Observations& data;  ///< that the answers are of: the sets, or all observations as one
  InferenceOptions options;

  int threads() const { return options.threads != 0 ? options.threads : machine.configuration().engine.threads; }
  void answer(const AnswerSink& sink) const {
    if (!data.names.empty())
      answer_each(machine, sets, options, sink);
    else if (!sets.names.empty())
      answer_combined(machine, sets, options, sink);
    else
      answer_one(machine, sets, options, sink);
  }
};

/// Returns maximum likelihood given all observations; nothing where the simulator has none.
std::vector<double> maximum_likelihood(const Call& call) {
  const auto exact = make_exact_inference(find_simulator(call.machine.configuration()));
  return exact ? exact->maximum_likelihood(call.data.values) : std::vector<double>{};
}

/// Writes the answer to the only set for people to read.
void print_one(const Call& call) {
  call.answer([&](std::size_t, std::span<const DataSet>, std::span<const Posterior> posteriors) {
    const std::vector<double> most_likely = maximum_likelihood(call);
    print_table(posteriors.front(), lines_of(posteriors.front(), most_likely), !most_likely.empty());
    if (couples(call.machine.configuration().proposal.family)) print_correlations(posteriors.front());
    if (const double p = posteriors.front().fit.p; !std::isnan(p)) fmt::print("\nfit: p = {:.2g}\n", p);
  });
}

/// Writes one object: of one set's answer, or of several with a line each. `pass_on` is called where a piece is
/// complete.
void write_json(const Call& call, std::ostream& out, const std::function<void()>& pass_on) {
  nlohmann::ordered_json head = json_of(call.machine);
  const auto& names = call.data.names;
  if (!names.empty()) {  // the machine's object is left open
    std::string text = head.dump();
    text.pop_back();
    out << text << ",\"sets\":[";
  }
  call.answer([&](std::size_t first, std::span<const DataSet> sets, std::span<const Posterior> posteriors) {
    for (std::size_t i = 0; i < sets.size(); ++i) {
      if (names.empty()) {
        append_answer(head, sets[i].count, posteriors[i], lines_of(posteriors[i], maximum_likelihood(call)));
        out << head.dump(2) << '\n';
      } else {
        nlohmann::ordered_json set{{"set", names[first + i]}};
        append_answer(set, sets[i].count, posteriors[i], lines_of(posteriors[i], {}));
        out << (first + i == 0 ? "\n" : ",\n") << set.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      }
    }
    pass_on();
  });
  if (!names.empty()) out << "\n]}\n";
  pass_on();
}

/// Writes the table, or what is drawn.
void write_array(const Call& call, std::ostream& out, const std::function<void()>& pass_on) {
  const Arguments& a = call.arguments;
  const AnswerArray array = a.samples      ? samples_of(call.machine, static_cast<int>(*a.samples))
                            : a.predictive ? predictions_of(call.machine, static_cast<int>(*a.predictive), call.data)
                                           : table_of(call.machine);
  const bool npy = form_of(a) == Form::npy;
  if (npy && array.shape.empty())
    throw InputError("the sets differ in their numbers of observations, which one array (npy) cannot hold; csv can");
  ArrayWriter writer(out, array, call.data, npy ? ArrayWriter::Format::npy : ArrayWriter::Format::csv);
  call.answer([&](std::size_t first, std::span<const DataSet> sets, std::span<const Posterior> posteriors) {
    in_order(
        sets.size(), call.threads(), [&](std::size_t i) { return array.values(sets[i], posteriors[i]); },
        [&](std::size_t i, const std::vector<double>& values) { writer.put(first + i, values); });
    pass_on();
  });
}

void infer(const Arguments& arguments) {
  check(arguments);
  const Form form = form_of(arguments);
  for (const std::string& file : arguments.data.files)
    if (!arguments.out.empty()) require_other_file("--out", arguments.out, file, "the file of the data");
  const Machine machine = arguments.machine.load();
  const Observations sets = arguments.data.load(find_simulator(machine.configuration()).observations);
  InferenceOptions options = arguments.inference;
  options.backend = arguments.backend.engine.backend;
  options.device = arguments.backend.engine.device;
  Observations pooled;
  if (arguments.combine) {
    pooled = sets;
    pooled.names.clear();
    pooled.counts.clear();
  }
  const Call call{arguments, machine, sets, arguments.combine ? pooled : sets, options};
  if (!sets.names.empty()) listen_for_stop();
  if (form == Form::shown && call.data.names.empty()) {
    print_one(call);
    return;
  }
  const auto write = [&](std::ostream& out, const std::function<void()>& pass_on) {
    form == Form::json ? write_json(call, out, pass_on) : write_array(call, out, pass_on);
  };
  if (!arguments.out.empty()) {
    write_file(arguments.out, [&](std::ostream& file) { write(file, [] {}); });
    return;
  }
  std::ostringstream text;
  write(text, [&] {
    write_output(text.view());
    text.str({});
  });
}

}  // namespace

void add_infer(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand("infer", "Parameters, with intervals, from a file of observations");
  arguments->machine.add_to(*command, "run", "Run folder (its newest checkpoint is used) or checkpoint file");
  arguments->data.add_to(*command)->required();
  command->add_flag(
      "--combine", arguments->combine,
      "Answer once, given all sets, which share the parameters: their posteriors' product over the prior");
  command->add_option("--out", arguments->out, "Where to: a table of all sets, or what is drawn; else standard output")
      ->type_name("FILE.csv|.npy|.json");
  command->add_option("--format", arguments->format, "csv, npy or json, whatever --out ends in")
      ->check(CLI::IsMember({"csv", "npy", "json"}));
  command->add_option("--samples", arguments->samples, "Write this many draws of the parameters from each answer")
      ->type_name("N");
  command
      ->add_option("--posterior-predictive", arguments->predictive,
                   "Simulate as many observations as the data have at this many draws from each answer")
      ->type_name("N");
  command->add_option("--level", arguments->inference.level, "Probability of the intervals")->capture_default_str();
  command->add_option("--iterations", arguments->inference.iterations, "Iterations T; 0: as configured");
  command->add_option("--replicates", arguments->inference.replicates,
                      "Rollouts an answer combines: 1, 2, 4, 8 or 16; 0: as configured");
  command->add_option("--seed", arguments->inference.seed,
                      "Names the simulations' random numbers, together with the data; as configured if not given");
  command->add_option("--threads", arguments->inference.threads, "Threads, of many sets; 0: as configured");
  arguments->backend.engine.backend = Backend::cpu;
  arguments->backend.add_to(*command);
  command->add_flag(
      "!--untruncated", arguments->inference.truncated,
      "Answer with the whole Gaussian; else it is truncated to where the prior is not 0, and renormalised");
  command->add_flag("!--no-fit", arguments->inference.fit,
                    "Do not check whether the data look like what the simulator makes; many small sets, and slow "
                    "simulators, take half the time");
  command->add_flag("--json", arguments->json, "One JSON object to standard output");
  command->callback([arguments] { infer(*arguments); });
}

}  // namespace alfi::cli
