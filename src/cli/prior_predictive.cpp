#include "src/cli/prior_predictive.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <vector>

#include "alfi/error.hpp"
#include "src/cli/destination.hpp"
#include "src/cli/in_order.hpp"
#include "src/cli/output.hpp"
#include "src/formats/npy.hpp"
#include "src/model/draws.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi::cli {
namespace {

void check(const PriorPredictive& wanted) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  if (wanted.draws < 1 || wanted.draws > most)
    throw InputError(fmt::format("--prior-predictive {} must be a whole number from 1 to {}", wanted.draws, most));
  if (wanted.count < 1 || wanted.count > most)
    throw InputError(fmt::format("--count {} must be a whole number from 1 to {}", wanted.count, most));
  const auto check_file = [&](const char* option, const std::string& file) {
    require_ending(option, file, {".npy"});
    require_free_or_numbers(option, file, wanted.force);
  };
  check_file("--out", wanted.out);
  if (wanted.theta_out.empty()) return;
  check_file("--theta-out", wanted.theta_out);
  require_other_file("--theta-out", wanted.theta_out, wanted.out, "the file of --out");
}

}  // namespace

void write_prior_predictive(const SimulatorInfo& simulator, const PriorPredictive& wanted) {
  check(wanted);
  const auto key = [&](Purpose purpose, std::uint64_t step) {
    return stream_key(wanted.seed, Phase::simulation, purpose, step);
  };
  const auto theta_of = [&](std::size_t draw) {
    return draw_prior(simulator, key(Purpose::truth, 0), static_cast<std::uint32_t>(draw));
  };
  const auto draws = static_cast<std::size_t>(wanted.draws);
  const std::int64_t X = simulator.observations.dimension;
  write_file(wanted.out, [&](std::ostream& file) {
    write_npy_header(file, {wanted.draws, wanted.count, X});
    in_order(
        draws, 0,
        [&](std::size_t i) {
          std::vector<float> x(static_cast<std::size_t>(wanted.count * X));
          simulate_into(simulator, theta_of(i), key(Purpose::real_set, i), wanted.count, x.data());
          return x;
        },
        [&](std::size_t, const std::vector<float>& x) { write_npy_values(file, x); });
  });
  if (wanted.theta_out.empty()) return;
  write_file(wanted.theta_out, [&](std::ostream& file) {
    write_npy_header(file, {wanted.draws, static_cast<std::int64_t>(simulator.parameters.size())}, NpyNumber::float64);
    in_order(draws, 0, theta_of, [&](std::size_t, const std::vector<double>& theta) { write_npy_values(file, theta); });
  });
}

}  // namespace alfi::cli
