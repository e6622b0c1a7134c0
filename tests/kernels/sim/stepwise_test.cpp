// Simulators that go by steps: every team gives the numbers that one after the other gives.
#include "kernels/sim/stepwise.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/episode/simulate.hpp"
#include "kernels/team/host_team.hpp"

namespace alfi::inline ALFI_ISA {
namespace {

/// A birth process of rate θ₀ a member, which ends at θ₁ members or after 40 births: x is the time and the members.
struct Births {
  static constexpr auto facts = simulator("births", "")
                                    .parameter("rate", "", alfi::uniform(0.5, 2))
                                    .parameter("most", "", alfi::uniform(1, 60))
                                    .observations(2, real(0, infinity), "");
  static constexpr int state = 3;  // members, time, births

  template <class F>
  static void begin(const F*, F* s) {
    s[0] = splat<F>(1);
    s[1] = s[2] = F{};
  }
  template <class F, class Random>
  static Mask<F> step(const F* theta, F* s, const Random& random) {
    s[1] = s[1] + alfi::exponential<F>(random.words().word[0]) / (theta[0] * s[0]);
    s[0] = s[0] + 1.0f;
    s[2] = s[2] + 1.0f;
    return (s[0] >= theta[1]) | (s[2] >= 40.0f);
  }
  template <class F>
  static void finish(const F*, const F* s, F* x) {
    x[0] = s[1];
    x[1] = s[0];
  }
};
using Sim = Stepwise<Births>;

struct Order {
  static constexpr int parameters = 7, count = 5, rows = parameters * count * tile_lanes;
  std::vector<float> theta, x, clamped, mean{0, 0}, scale{1, 1};
  std::uint32_t episode[tile_lanes];
  std::vector<ParameterUnits> units;
  LaneUse use{0, 0};

  Order() : x(2 * rows), clamped(parameters * tile_lanes) {
    units.push_back({.prior = Prior::uniform, .mean = 1.25f, .deviation = 0.4f, .low = 0.5f, .high = 2});
    units.push_back({.prior = Prior::uniform, .mean = 30, .deviation = 17, .low = 1, .high = 60});
    for (int i = 0; i < parameters * 2 * tile_lanes; ++i) theta.push_back(static_cast<float>(i * 37 % 50) / 12.5f - 2);
    for (int lane = 0; lane < tile_lanes; ++lane) episode[lane] = static_cast<std::uint32_t>(3 * lane + 1);
  }
  Simulation simulation() {
    return {.key = {5, 6},
            .episode = episode,
            .first_row = 11,
            .parameters = parameters,
            .count = count,
            .D = 2,
            .units = units.data(),
            .pieces = 1,
            .theta = theta.data(),
            .clamped = clamped.data(),
            .x = {x.data(), rows},
            .use = &use};
  }
};

/// Simulates one observation from its definition.
void simulate_one(const Order& order, int m, int n, int lane, float (&x)[2], bool& moved) {
  float theta[2];
  moved = false;
  for (int d = 0; d < 2; ++d) {
    const ParameterUnits& units = order.units[static_cast<std::size_t>(d)];
    const float given =
        natural_of<float>(units, order.theta[static_cast<std::size_t>((m * 2 + d) * tile_lanes + lane)]);
    theta[d] = std::min(units.high, std::max(units.low, given));
    moved = moved || theta[d] != given;
  }
  float members = 1, time = 0, births = 0;
  const Stream<float> stream{{5, 6}, order.episode[lane], 11u + static_cast<std::uint32_t>(m)};
  for (std::uint32_t step = 0;; ++step) {
    const auto block = stream.block(static_cast<std::uint32_t>(n), step);
    time = time - log_of_normal(uniform_fine<float>(block.word[0])) / (theta[0] * members);
    members += 1;
    births += 1;
    if (members >= theta[1] || births >= 40) break;
  }
  x[0] = time;
  x[1] = members;
}

template <class Team>
void expect_each_alone(Order order) {
  simulate<Sim>(Team{}, ObservationUnits<float>{Transform::none, order.mean.data(), order.scale.data()},
                order.simulation());
  for (int m = 0; m < Order::parameters; ++m)
    for (int n = 0; n < Order::count; ++n)
      for (int lane = 0; lane < tile_lanes; ++lane) {
        float x[2];
        bool moved = false;
        simulate_one(order, m, n, lane, x, moved);
        const int row = (m * Order::count + n) * tile_lanes + lane;
        for (int k = 0; k < 2; ++k) ASSERT_EQ(order.x[static_cast<std::size_t>(k * Order::rows + row)], x[k]) << row;
        ASSERT_EQ(order.clamped[static_cast<std::size_t>(m * tile_lanes + lane)], moved ? 1 : 0);
      }
}

TEST(Stepwise, GivesWhatEachAloneGives) {
  expect_each_alone<HostTeam<float>>({});
  expect_each_alone<HostTeam<FloatLanes>>({});
}

TEST(Stepwise, KeepsLanesBusy) {
  Order order;
  simulate<Sim>(HostTeam<FloatLanes>{}, ObservationUnits<float>{Transform::none, order.mean.data(), order.scale.data()},
                order.simulation());
  double steps = 0;
  for (int row = 0; row < Order::rows; ++row)
    steps += static_cast<double>(order.x[static_cast<std::size_t>(Order::rows + row)]) - 1;
  EXPECT_EQ(static_cast<double>(order.use.busy), steps);
  EXPECT_EQ(order.use.all % vector_width, 0);
  // In step with the longest of each vector not half of them would be.
  EXPECT_GT(static_cast<double>(order.use.busy), 0.75 * static_cast<double>(order.use.all));
}

TEST(Stepwise, DrawsASampleInAnyShares) {
  std::vector<float> whole(2 * 200), shares(2 * 200), scalar(2 * 200);
  Sample sample{
      .simulator = 0, .D = 2, .X = 2, .key = {1, 2}, .theta = {1, 30}, .first = 64, .count = 200, .x = whole.data()};
  draw_sample<Sim>(HostTeam<FloatLanes>{}, sample, 0, 1);
  sample.x = shares.data();
  for (int share = 0; share < 3; ++share) draw_sample<Sim>(HostTeam<FloatLanes>{}, sample, share, 3);
  EXPECT_EQ(shares, whole);
  sample.x = scalar.data();
  draw_sample<Sim>(HostTeam<float>{}, sample, 0, 1);
  EXPECT_EQ(scalar, whole);
}

}  // namespace
}  // namespace alfi::inline ALFI_ISA
