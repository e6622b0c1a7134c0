#include "src/cli/answers_in_turn.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <string>

#include "alfi/error.hpp"
#include "src/cli/output.hpp"
#include "src/cli/progress.hpp"
#include "src/cli/stop.hpp"
#include "src/formats/printable.hpp"

namespace alfi::cli {
namespace {

/// Counts of the warnings of each kind, and the first one's words.
class Warnings {
 public:
  explicit Warnings(const std::vector<std::string>& names) : names_(names) {}

  void add(std::size_t set, const Posterior& posterior) {
    for (const Warning& warning : posterior.warnings) {
      Doubted& doubted = doubted_.try_emplace(warning.doubt, Doubted{set, set, 0, warning.text}).first->second;
      if (doubted.sets == 0 || doubted.last != set) ++doubted.sets;  // one may have a doubt of each parameter
      doubted.last = set;
    }
  }

  void print() const {
    for (const auto& [doubt, doubted] : doubted_)
      say("warning: {} of {} sets, the first of which is {}: {}\n", doubted.sets, names_.size(),
          printable(names_[doubted.first]), doubted.text);
  }

 private:
  struct Doubted {
    std::size_t first, last, sets;
    std::string text;
  };
  const std::vector<std::string>& names_;
  std::map<Doubt, Doubted> doubted_;
};

}  // namespace

void answer_one(const Machine& machine, const Observations& data, const InferenceOptions& options,
                const AnswerSink& sink) {
  const DataSet set{data.values, data.count};
  const Posterior posterior = machine.infer(set.x, set.count, options);
  for (const Warning& warning : posterior.warnings) say("warning: {}\n", warning.text);
  sink(0, {&set, 1}, {&posterior, 1});
}

void answer_combined(const Machine& machine, const Observations& data, const InferenceOptions& options,
                     const AnswerSink& sink) {
  std::vector<Posterior> posteriors;
  answer_each(machine, data, options, [&](std::size_t, std::span<const DataSet>, std::span<const Posterior> some) {
    posteriors.insert(posteriors.end(), some.begin(), some.end());
  });
  const DataSet all{data.values, data.count};
  const Posterior combined = machine.combine(posteriors);
  sink(0, {&all, 1}, {&combined, 1});
}

void answer_each(const Machine& machine, const Observations& data, const InferenceOptions& options,
                 const AnswerSink& sink) {
  using Clock = std::chrono::steady_clock;
  const std::vector<DataSet> sets = data.sets();
  Warnings warnings(data.names);
  std::size_t done = 0;
  {
    ProgressLine line(std::chrono::seconds(2));
    const Clock::time_point start = Clock::now();
    machine.infer(sets, options, [&](std::size_t first, std::span<const Posterior> posteriors) {
      for (std::size_t i = 0; i < posteriors.size(); ++i) warnings.add(first + i, posteriors[i]);
      sink(first, std::span(sets).subspan(first, posteriors.size()), posteriors);
      done = first + posteriors.size();
      const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
      line.show(done == sets.size(), [&](int bar) { return progress_text(done, sets.size(), seconds, bar); });
      return !stop_wanted();
    });
  }
  warnings.print();
  if (done < sets.size())
    throw Stopped(fmt::format("stopped after {} of {} sets; a file asked for is not written\n", done, sets.size()));
}

}  // namespace alfi::cli
