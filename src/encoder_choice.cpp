#include "src/encoder_choice.hpp"

#include "src/simulators.hpp"

namespace alfi {
namespace {

// Costs in units of an observation that goes through the network, forward and backward. An observation's lookup was
// measured at a sixth to a tenth of that; a row is one in the network (kernels/lookup.hpp), and segments have two each.
constexpr double lookup_cost = 0.15;
constexpr double rows_per_hidden_unit = 4;

}  // namespace

Encoder choose_encoder(const Configuration& configuration, const Shape& shape, int episodes, bool given) {
  const Encoder wanted = configuration.engine.encoder;
  if (wanted == Encoder::dense || shape.X != 1) return Encoder::dense;
  const int table = given ? 0 : table_size(simulator_number(configuration.simulator.name));
  if (wanted == Encoder::segments || (wanted == Encoder::table && table == 0)) return Encoder::segments;
  if (wanted == Encoder::table) return Encoder::table;
  const double tiles = (episodes + tile_lanes - 1) / tile_lanes;
  const double observations = tiles * tile_lanes * (static_cast<double>(shape.T) * shape.M * shape.N + shape.R);
  const double saved = (1 - lookup_cost) * observations, segments = rows_per_hidden_unit * shape.encoder_hidden;
  // An integer's code is read, a segment's has to be computed: the table is worth some more rows.
  if (table > 0 && saved > table + segments) return Encoder::table;
  return saved > segments ? Encoder::segments : Encoder::dense;
}

}  // namespace alfi
