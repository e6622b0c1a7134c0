// Simulators whose observations take unequal numbers of steps, such as jump processes. A lane that has finished an
// observation goes on with the next one of its tile, so that none waits for the longest.
//
// A step's random numbers are named by its number in its observation. So bits do not depend on which lane computes it.
#pragma once

#include "kernels/lanes/random.hpp"
#include "kernels/sim/facts.hpp"
#include "kernels/team/team.hpp"

namespace alfi {

/// Steps that lanes of vectors made: those that moved an observation on, and all.
struct LaneUse {
  std::int64_t busy, all;
};

inline namespace ALFI_ISA {

/// Draws from the exponential law of mean 1, by one word.
template <class F>
ALFI_HD F exponential(Uint<F> word) {
  return -log_of_normal(uniform_fine<F>(word));
}

/// Random words of the step that each lane is at.
template <class F>
class StepRandom {
 public:
  ALFI_HD StepRandom(PhiloxKey key, Uint<F> episode, Uint<F> row, Uint<F> observation, Uint<F> step)
      : key_(key), episode_(episode), row_(row), observation_(observation), step_(step) {}

  /// Returns four words of the step; others for another number.
  ALFI_HD PhiloxBlock<Uint<F>> words(std::uint32_t number = 0) const {
    return philox<Uint<F>>(step_, observation_, row_, episode_, {key_.low, key_.high + number * 0x9E3779B9u});
  }

 private:
  PhiloxKey key_;
  Uint<F> episode_, row_, observation_, step_;
};

/// Members of such a simulator beside `facts`: `state`, how many numbers it keeps; begin(theta, state) sets them;
/// step(theta, state, random) moves an observation on and returns the lanes in which it is finished; finish(theta,
/// state, x) makes the observation x (X) of them. All are over lanes: numbers of each lane's observation. A step must
/// not read or write beyond the state after the last one either. Optional: `clamp` and `exact`, as for one episode.
template <class User>
concept ForSteps = requires {
  static_cast<int>(User::state);
  User::facts;
};

template <ForSteps User_>
struct Stepwise {
  using User = User_;
  static constexpr auto facts = User::facts;
  static constexpr int D = facts.dimension(), X = facts.observation.dimension, state = User::state;
  static constexpr int group = 1;

  template <class F>
  requires requires(float* one) { User::clamp(one); }
  static ALFI_HD Mask<F> clamp(Array<F, D>& theta) {
    static_assert(LaneTraits<F>::width == 1);
    return User::clamp(theta);
  }
  static double exact(const double* theta, const float* x) requires requires { User::exact(theta, x); }
  { return User::exact(theta, x); }
};

/// Says whether a simulator goes by steps.
template <class Sim>
constexpr bool goes_by_steps() {
  return requires {
    typename Sim::User;
    static_cast<int>(Sim::state);
  };
}

/// An observation to be simulated: the words that name its numbers.
struct StepJob {
  std::uint32_t episode, row, observation;
};

/// Runs jobs 0 … count − 1 on vectors of lanes. jobs.begin(i, theta) writes θ of job i (D), inside the domain, and
/// returns its StepJob; jobs.finish(i, x) takes its observation (X).
template <class Sim, class F, class Jobs>
ALFI_HD void run_steps_in_lanes(PhiloxKey key, int count, const Jobs& jobs, LaneUse* use) {
  constexpr int width = LaneTraits<F>::width, D = Sim::D, X = Sim::X, S = Sim::state;
  alignas(64) Array<Array<float, width>, D> theta_of;
  alignas(64) Array<Array<float, width>, X> x_of;
  alignas(64) Array<float, width> ended_of;
  Array<std::uint32_t, width> episode, row, observation;
  Array<int, width> job;
  int next = 0, running = 0;
  const auto refill = [&](int lane) {
    // A lane that finds nothing more to do repeats the job it had, for nothing.
    const bool has_more = next < count;
    const int taken = has_more ? next++ : next - 1;
    const StepJob begun = jobs.begin(taken, [&](int d, float value) { theta_of[d][lane] = value; });
    episode[lane] = begun.episode;
    row[lane] = begun.row;
    observation[lane] = begun.observation;
    job[lane] = has_more ? taken : -1;
    running += has_more ? 1 : 0;
  };
  for (int lane = 0; lane < width; ++lane) refill(lane);
  Array<F, D> theta{};
  Array<F, S> state{}, fresh{};
  Array<F, X> x{};
  Mask<F> ended = F{} == F{};
  Uint<F> step{};
  std::int64_t busy = 0, all = 0;
  while (true) {
    if (any(ended)) {
      for (int d = 0; d < D; ++d) theta[d] = load<F>(theta_of[d]);
      Sim::User::begin(static_cast<const F*>(theta), fresh);
      for (int i = 0; i < S; ++i) state[i] = select(ended, fresh[i], state[i]);
      step = select(ended, Uint<F>{}, step);
    }
    if (running == 0) break;
    const StepRandom<F> random(key, load_words<F>(episode), load_words<F>(row), load_words<F>(observation), step);
    ended = Sim::User::step(static_cast<const F*>(theta), state, random);
    step = step + 1u;
    busy += running;
    all += width;
    if (!any(ended)) continue;
    Sim::User::finish(static_cast<const F*>(theta), static_cast<const F*>(state), x);
    store<F>(ended_of, select(ended, splat<F>(1.0f), F{}));
    for (int k = 0; k < X; ++k) store<F>(x_of[k], x[k]);
    for (int lane = 0; lane < width; ++lane) {
      if (ended_of[lane] == 0) continue;
      if (job[lane] >= 0) {
        --running;
        jobs.finish(job[lane], [&](int k) { return x_of[k][lane]; });
      }
      refill(lane);
    }
  }
  if (use != nullptr) {
    use->busy += busy;
    use->all += all;
  }
}

/// Runs them on a team whose threads have a lane each. A thread that has finished one begins its next.
template <class Sim, class Team, class Jobs>
ALFI_HD void run_steps(const Team& team, PhiloxKey key, int count, const Jobs& jobs, LaneUse* use) {
  using F = typename Team::F;
  if constexpr (LaneTraits<F>::width > 1) {
    run_steps_in_lanes<Sim, F>(key, count, jobs, use);
  } else {
    Array<float, Sim::D> theta{};
    Array<float, Sim::state> state{};
    std::uint32_t step = 0;
    StepJob named{};
    team.each_unequal(
        count,
        [&](int job) {
          named = jobs.begin(job, [&](int d, float value) { theta[d] = value; });
          Sim::User::begin(static_cast<const float*>(theta), state);
          step = 0;
        },
        [&](int job) {
          const StepRandom<float> random(key, named.episode, named.row, named.observation, step++);
          if (!Sim::User::step(static_cast<const float*>(theta), state, random)) return false;
          Array<float, Sim::X> x;
          Sim::User::finish(static_cast<const float*>(theta), static_cast<const float*>(state), x);
          jobs.finish(job, [&](int k) { return x[k]; });
          return true;
        });
  }
}

}  // namespace ALFI_ISA
}  // namespace alfi
