#include "src/backends/host/host_lookup.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "src/simulators/simulators.hpp"

namespace alfi {
namespace {

/// A simulator writes observations in natural units: what is looked up in the table.
constexpr float zero = 0, one = 1;
constexpr ObservationUnits<float> natural_units{Transform::none, &zero, &one};

constexpr int groups_at_once = 64;  // of sums, which threads share out

template <class T, class Carve>
auto carved(LaneMemory<T>& memory, Carve carve) {
  Carver<T> counting(nullptr);
  carve(counting);
  if (memory.size() < static_cast<std::size_t>(counting.used()))
    memory.resize(static_cast<std::size_t>(counting.used()));
  Carver<T> carver(memory.data());
  return carve(carver);
}

}  // namespace

HostLookup::HostLookup(const HostKernels& kernels, EachBlock each_block)
    : kernels_(kernels), each_block_(std::move(each_block)) {}

bool HostLookup::build(const EpisodeSettings<float>& settings) {
  const int table = settings.encoder == Encoder::table ? table_size(settings.simulator) : 0;
  std::tie(lookup_, listed_) = carved(memory_, [&](Carver<float>& carver) {
    const Lookup<float> lookup = carve_lookup(table, settings.shape.C, carver);
    return std::pair(lookup, carve_listed(table, carver));
  });
  const SegmentSearch search = carved(
      search_memory_, [&](Carver<double>& carver) { return carve_search(settings.shape.encoder_hidden, carver); });
  settings_ = settings;
  network_units_ = settings.units;
  if (table > 0) settings_.units = natural_units;
  kernels_.find_lookup(settings, search, lookup_);
  if (*lookup_.segments.count == 0) return false;
  each_block_(
      settings.shape, blocks_of(lookup_block, lookup_.rows()),
      [&](int block, const BlockMemory<float>& memory) { kernels_.fill_lookup(settings_, memory, lookup_, block); });
  sums_size_ = sums_size(settings.shape.pooling, table, lookup_.places(), lookup_.step);
  return true;
}

LookupSums<float> HostLookup::sums(int partial) {
  return lookup_sums(settings_.shape.pooling, lookup_, sums_.data() + partial * sums_size_);
}

void HostLookup::begin_sums(int partials) {
  const auto size = static_cast<std::size_t>(partials * sums_size_);
  if (sums_.size() < size) sums_.resize(size);
}

void HostLookup::clear(int partial) { std::fill_n(sums_.data() + partial * sums_size_, sums_size_, 0.0F); }

void HostLookup::add(const Tile<float>& tile, int partial) {
  kernels_.add_lookup_sums(settings_.shape, tile, lookup_, sums(partial));
}

int HostLookup::finish(int partials, float* gradients) {
  const int groups = static_cast<int>(sums_size_ / tile_lanes);
  each_block_(settings_.shape, blocks_of(groups_at_once, groups), [&](int slice, const BlockMemory<float>&) {
    const int first = slice * groups_at_once;
    kernels_.add_partials(sums_.data(), partials, groups, first, std::min(groups_at_once, groups - first));
  });
  kernels_.list_rows(lookup_, sums(0), listed_);
  const int blocks = std::max(1, blocks_of(lookup_block, static_cast<int>(*listed_.count)));
  const std::int64_t size = settings_.layout.encoder_size();
  std::fill_n(gradients, blocks * size, 0.0F);
  each_block_(settings_.shape, blocks, [&](int block, const BlockMemory<float>& memory) {
    kernels_.listed_gradient(settings_, memory, lookup_, sums(0), listed_, block, gradients + block * size);
  });
  return blocks;
}

}  // namespace alfi
