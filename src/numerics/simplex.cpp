#include "src/numerics/simplex.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace alfi {

using Eigen::VectorXd;

VectorXd maximised(const VectorFunction& f, const VectorXd& start, double size, double close) {
  const Eigen::Index D = start.size();
  std::vector<std::pair<double, VectorXd>> simplex{{f(start), start}};
  for (Eigen::Index d = 0; d < D; ++d) {
    VectorXd corner = start;
    corner(d) += corner(d) > 0 ? -size : size;
    simplex.emplace_back(f(corner), corner);
  }
  const auto higher = [](const auto& a, const auto& b) { return a.first > b.first; };
  for (int step = 0; step < 400 * D; ++step) {
    std::sort(simplex.begin(), simplex.end(), higher);
    if ((simplex.back().second - simplex.front().second).lpNorm<Eigen::Infinity>() < close) break;
    VectorXd middle = VectorXd::Zero(D);
    for (Eigen::Index i = 0; i < D; ++i) middle += simplex[static_cast<std::size_t>(i)].second / static_cast<double>(D);
    auto& worst = simplex.back();
    const auto at = [&](double factor) {
      const VectorXd z = middle + factor * (worst.second - middle);
      return std::pair{f(z), z};
    };
    auto tried = at(-1);
    if (tried.first > simplex.front().first) {
      auto further = at(-2);
      worst = further.first > tried.first ? further : tried;
    } else if (tried.first > simplex[static_cast<std::size_t>(D) - 1].first) {
      worst = tried;
    } else if (auto nearer = at(tried.first > worst.first ? -0.5 : 0.5);
               nearer.first > std::max(worst.first, tried.first)) {
      worst = nearer;
    } else {
      for (std::size_t i = 1; i < simplex.size(); ++i) {
        simplex[i].second = simplex[0].second + 0.5 * (simplex[i].second - simplex[0].second);
        simplex[i].first = f(simplex[i].second);
      }
    }
  }
  return std::min_element(simplex.begin(), simplex.end(), higher)->second;
}

}  // namespace alfi
