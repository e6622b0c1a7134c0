#include "src/numerics/nested_integral.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "src/numerics/quadrature.hpp"

namespace alfi {
namespace {

using Eigen::VectorXd;

// A panel ends where the density has fallen by 14 to 24 nats, 18 if it goes well: e^-14 = 1e-6 is left out.
constexpr double least_drop = 14, drop_aimed_at = 18, most_drop = 24;
constexpr double edge_precision = 1e-4;  // of a panel that ends abruptly
constexpr double panel_in_deviations = 6;

// Nodes of a panel, which is half of a bell: with 12 its moments are right to 1e-4.
constexpr std::size_t nodes_of(Eigen::Index directions) { return directions == 1 ? 64 : directions == 2 ? 24 : 12; }

/// Finds the distance at which a density has fallen to where it is negligible, or at which it ends. drop_at(distance)
/// says by how many nats it has fallen; `distance` is a guess.
template <class DropAt>
double distance_of_drop(double distance, DropAt&& drop_at) {
  double inside = 0, outside = std::numeric_limits<double>::infinity();
  const double nothing = 1e-9 * distance;
  for (int step = 0; step < 100; ++step) {
    const double drop = drop_at(distance);
    if (drop >= least_drop && drop <= most_drop) return distance;
    (drop < least_drop ? inside : outside) = distance;
    if (outside - inside < edge_precision * outside || outside < nothing) break;
    const double aim = drop > 0 ? distance * std::sqrt(drop_aimed_at / drop) : 2 * distance;
    if (!std::isfinite(outside))
      distance = std::min(aim, 3 * distance);
    else if (std::isfinite(drop))
      distance = std::clamp(aim, 0.9 * inside + 0.1 * outside, 0.1 * inside + 0.9 * outside);
    else
      distance = (inside + outside) / 2;
  }
  return inside;
}

class NestedIntegral {
 public:
  NestedIntegral(const VectorFunction& log_density, const VectorXd& mode, const WeightedPoint& visit)
      : f_(log_density),
        visit_(visit),
        highest_(log_density(mode)),
        rule_(nodes_of(mode.size())),
        deviation_(mode.size()) {
    for (Eigen::Index d = 0; d < mode.size(); ++d) deviation_(d) = deviation_alone(d, mode);
    integrate(0, mode, 1);
  }

 private:
  /// Moves z, in directions d and after, to the maximum, and returns it.
  double settle(Eigen::Index d, VectorXd& z) const {
    const Eigen::Index left = z.size() - d;
    const VectorXd start = z, units = deviation_.tail(left);
    const auto at = [&](const VectorXd& u) {
      VectorXd moved = start;
      moved.tail(left) += u.cwiseProduct(units);
      return moved;
    };
    z = at(maximised([&](const VectorXd& u) { return f_(at(u)); }, VectorXd::Zero(left), 0.5, 0.02));
    return f_(z);
  }

  /// Moves z to a place in direction d, settles it in the directions after, and returns the log density there. Where
  /// the straight way leads out of the law's domain it goes half of it first.
  double move(Eigen::Index d, VectorXd& z, double place, int halvings = 8) const {
    VectorXd there = z;
    there(d) = place;
    if (d + 1 == z.size()) return f_(z = there);
    if (halvings > 0 && !std::isfinite(f_(there))) {
      VectorXd half = z;
      if (std::isfinite(move(d, half, (z(d) + place) / 2, halvings - 1))) return move(d, z = half, place, halvings - 1);
    }
    const double density = settle(d + 1, there);
    z = there;
    return density;
  }

  /// Returns how far it is from z in direction d, to this side, to where the density is negligible; `end` becomes that
  /// place, with the directions after d settled.
  double distance_to_end(Eigen::Index d, const VectorXd& z, int side, VectorXd& end) const {
    end = z;
    const double top = f_(z);
    return distance_of_drop(panel_in_deviations * deviation_(d), [&](double distance) {
      VectorXd there = end;
      const double drop = top - move(d, there, z(d) + side * distance);
      if (drop <= most_drop) end = there;
      return drop;
    });
  }

  /// Returns the deviation along one direction alone.
  double deviation_alone(Eigen::Index d, const VectorXd& mode) const {
    double lengths = 0;
    for (const int side : {1, -1})
      lengths += distance_of_drop(1, [&](double distance) {
        VectorXd there = mode;
        there(d) += side * distance;
        return highest_ - f_(there);
      });
    return std::max(lengths / (2 * panel_in_deviations), std::numeric_limits<double>::min());
  }

  /// Integrates over direction d and those after. z is settled in them.
  void integrate(Eigen::Index d, const VectorXd& z, double weight) {
    double lengths = 0;
    for (const int side : {1, -1}) {
      VectorXd at;
      const double length = distance_to_end(d, z, side, at);
      lengths += length;
      // From the end inwards, so that each place is settled from its neighbour.
      std::vector<std::pair<double, double>> nodes;
      rule_.over(0, length, [&](double distance, double w) { nodes.emplace_back(distance, w); });
      std::sort(nodes.begin(), nodes.end(), std::greater<>());
      for (const auto& [distance, w] : nodes) {
        const double density = move(d, at, z(d) + side * distance);
        if (d + 1 < z.size())
          integrate(d + 1, at, weight * w);
        else if (std::isfinite(density))
          visit_(at, weight * w * std::exp(density - highest_));
      }
    }
    if (lengths > 0) deviation_(d) = lengths / (2 * panel_in_deviations);
  }

  const VectorFunction& f_;
  const WeightedPoint& visit_;
  double highest_;
  GaussLegendre rule_;
  VectorXd deviation_;  ///< about that of a direction, the directions before it given
};

}  // namespace

void integrate_nested(const VectorFunction& log_density, const VectorXd& mode, const WeightedPoint& visit) {
  NestedIntegral(log_density, mode, visit);
}

}  // namespace alfi
