#include "tests/support/team_runs.hpp"

namespace alfi::test {
namespace {

template <class Team>
constexpr auto on_host = [](auto body) { body(Team{}); };

auto on_fibers(const FiberLaunch& launch) {
  return [launch](auto body) { launch_fibers(launch, [&](const FiberTeam& team, int) { body(team); }); };
}

}  // namespace

TapeOutputs run_host_double(const Tape& tape, const TapeEncoder& encoder) {
  return run_tape<double>(tape, on_host<HostTeam<double>>, encoder);
}
TapeOutputs run_host_float(const Tape& tape, const TapeEncoder& encoder) {
  return run_tape<float>(tape, on_host<HostTeam<float>>, encoder);
}
TapeOutputs run_host_lanes(const Tape& tape, const TapeEncoder& encoder) {
  return run_tape<float>(tape, on_host<HostTeam<FloatLanes>>, encoder);
}
TapeOutputs run_fibers(const Tape& tape, const FiberLaunch& launch, const TapeEncoder& encoder) {
  return run_tape<float>(tape, on_fibers(launch), encoder);
}

DrawnEpisode draw_host_float(int simulator, std::uint64_t seed) {
  return run_drawn(simulator, seed, on_host<HostTeam<float>>);
}
DrawnEpisode draw_host_lanes(int simulator, std::uint64_t seed) {
  return run_drawn(simulator, seed, on_host<HostTeam<FloatLanes>>);
}
DrawnEpisode draw_fibers(int simulator, std::uint64_t seed, const FiberLaunch& launch) {
  return run_drawn(simulator, seed, on_fibers(launch));
}

void update_host_float(UpdateArrays& arrays, const UpdateSettings& settings) {
  run_update(arrays, settings, [](int groups, auto body) { body(HostTeam<float>{}, 0, groups); });
}
void update_host_lanes(UpdateArrays& arrays, const UpdateSettings& settings) {
  run_update(arrays, settings, [](int groups, auto body) { body(HostTeam<FloatLanes>{}, 0, groups); });
}
void update_fibers(UpdateArrays& arrays, const UpdateSettings& settings, const FiberLaunch& launch) {
  run_update(arrays, settings, on_blocks_of_fibers(launch));
}

}  // namespace alfi::test
