#include "src/engine/encoder_choice.hpp"

#include "src/engine/cost.hpp"
#include "src/simulators/simulators.hpp"

namespace alfi {

Encoder choose_encoder(const Plan& plan, const Shape& shape, int episodes, RealSource real) {
  const Encoder wanted = plan.configuration.engine.encoder;
  if (wanted == Encoder::dense || shape.X != 1) return Encoder::dense;
  const int table = real == RealSource::given ? 0 : table_size(plan.number);
  if (wanted == Encoder::segments || (wanted == Encoder::table && table == 0)) return Encoder::segments;
  if (wanted == Encoder::table) return Encoder::table;
  const int tiles = (episodes + tile_lanes - 1) / tile_lanes;
  const auto cost = [&](Encoder encoder) {
    return encoder_cost(shape, encoder, encoder == Encoder::table ? table : 0, tiles).until_done(tiles, 1);
  };
  Encoder cheapest = cost(Encoder::segments) < cost(Encoder::dense) ? Encoder::segments : Encoder::dense;
  if (table > 0 && cost(Encoder::table) < cost(cheapest)) cheapest = Encoder::table;
  return cheapest;
}

}  // namespace alfi
