// Quadratics minimised by a thread block: that the bodies are code a device could run. No launch uses them yet.
#include "kernels/minimise/quadratic.hpp"
#include "kernels/team/cuda_team.hpp"

namespace alfi {

using Team = CudaTeam<256>;

struct QuadraticWork {
  QuadraticSettings<float> settings;
  StepInput step;
  QuadraticTile<float>* tiles;
  float* gradient;
};

__global__ __launch_bounds__(256, 1) void draw_and_minimise(const QuadraticWork work) {
  const Team team;
  const QuadraticTile<float> tile = work.tiles[team.number()];
  draw_quadratics(team, work.settings, work.step, tile);
  minimise_quadratics(team, work.settings, tile);
}

__global__ __launch_bounds__(256, 1) void quadratic_go_back(const QuadraticWork work) {
  const Team team;
  quadratic_gradient(team, work.settings, work.tiles[team.number()], work.gradient);
}

}  // namespace alfi
