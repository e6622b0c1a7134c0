#include "src/numerics/sample_statistics.hpp"

#include <algorithm>

namespace alfi {
namespace {

class HostStatistics final : public SampleStatistics {
 public:
  void sort(std::span<double> values) override { std::sort(values.begin(), values.end()); }

 private:
  std::vector<Moments> moments_of(const MomentsOfPieces& pieces) override {
    std::vector<Moments> moments;
    for (std::int64_t i = 0; i < pieces.size(); ++i) moments.push_back(pieces(i));
    return moments;
  }
};

}  // namespace

std::vector<Moments> SampleStatistics::moments(std::span<const float> x, int columns) {
  const auto X = static_cast<std::size_t>(columns);
  const std::vector<Moments> pieces = moments_of({x.data(), static_cast<std::int64_t>(x.size() / X), columns});
  std::vector<Moments> moments(pieces.begin(), pieces.begin() + columns);
  for (std::size_t i = X; i < pieces.size(); ++i) moments[i % X] = merged(moments[i % X], pieces[i]);
  return moments;
}

SampleStatistics& host_statistics() {
  static HostStatistics statistics;
  return statistics;
}

}  // namespace alfi
