// A tape: one recorded meta-batch of episodes, in memory and as a safetensors file.
//
// A tape holds what an episode needs when the draws are given instead of made (networks, θ*, x*, ψ₀, every θ_m and its
// observations; all in normalised units), and, if known, what comes out: so an engine can be compared without random
// numbers and without a simulator. Arrays are row-major; the shapes are in the letters of EpisodeSettings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "alfi/choices.hpp"

namespace alfi::test {

/// Choices that determine what a meta-batch computes, its number of episodes aside.
struct EpisodeSettings {
  std::size_t T = 5;   // iterations
  std::size_t M = 6;   // parameters drawn per iteration
  std::size_t N = 7;   // observations per drawn parameter
  std::size_t R = 11;  // real observations, at most
  std::size_t D = 1;   // parameter dimension
  std::size_t X = 1;   // observation dimension

  std::size_t encoder_hidden = 50, encoder_code = 20;        // C
  std::size_t aggregator_hidden = 20, aggregator_code = 30;  // A
  std::size_t rim_hidden = 30, rim_state = 40;               // H, S

  double bound = 0.25;  // bound of one update; 0 or less: none
  Update update = Update::clamp;
  Pooling pooling = Pooling::mean;
  Family family = Family::gaussian;
  double sigma = 0.1;        // deviation of gaussian_fixed, normalised units
  bool use_grad = true;      // features s1 and s2; a point has none
  Loss loss = Loss::normal;  // a point has no density: mse or l1
  double beta = 1.0;         // β of beta_normal
  Weights weights = Weights::exp;
  bool real_count_input = false;  // one more RIM input after ψ, a given number per episode

  bool learns_sigma() const { return family == Family::gaussian || family == Family::gaussian_full; }
  /// Returns the number of couplings in ψ, one for each pair of parameters.
  std::size_t couplings() const { return family == Family::gaussian_full ? D * (D - 1) / 2 : 0; }
  /// Returns P, the number of numbers in ψ: μ; log σ where it is learned; couplings c₂₁, c₃₁, c₃₂, …
  std::size_t psi_size() const { return (learns_sigma() ? 2 : 1) * D + couplings(); }
  /// Returns the number of rows of ψ in a file. There ψ is (rows, D), or one row where its numbers are no whole rows.
  std::size_t psi_rows() const { return family == Family::gaussian ? 2 : 1; }
  bool has_scores() const { return use_grad && family != Family::point; }
  /// Returns the length of the feature block [θ, s1, s2, s3] or [θ].
  std::size_t feature_size() const { return has_scores() ? 3 * D + couplings() : D; }
  /// Returns the length of a pooled set of codes.
  std::size_t pooled_size() const { return pooling == Pooling::moments ? 2 * encoder_code : encoder_code; }
};

/// Throws std::invalid_argument where a size is zero or two settings contradict each other.
void check(const EpisodeSettings& settings);

using Arrays = std::map<std::string, std::vector<double>>;
using Shape = std::vector<std::size_t>;

/// Lists every weight and bias by name, with its shape as in torch: (out, in), (out).
std::map<std::string, Shape> parameter_shapes(const EpisodeSettings& settings);

struct TapeOutputs {
  std::vector<double> theta_features;      // (B, T, M, feature_size)
  std::vector<double> hidden;              // (B, T, S)
  std::vector<double> d_psi;               // (B, T, P) update after its bound
  std::vector<double> psi;                 // (B, T, P) after the update
  std::vector<double> loss_per_iteration;  // (B, T)
  double loss = 0.0;                       // mean over the episodes of Σ_t w_t ℓ_t
  Arrays gradients;                        // ∂loss/∂parameter, by name
};

struct Tape {
  EpisodeSettings settings;
  std::size_t B = 0;  // episodes

  Arrays parameters;               // by name, shapes of parameter_shapes
  std::vector<double> theta_true;  // (B, D)
  std::vector<double> x_real;      // (B, R, X)
  std::vector<double> psi_0;       // (B, P)
  std::vector<double> theta_gen;   // (B, T, M, D)
  std::vector<double> x_gen;       // (B, T, M, N, X)

  std::vector<std::size_t> real_counts;       // (B) in 1 … R: number of rows of x_real that count; empty: all
  std::vector<double> real_count_inputs;      // (B), used where settings.real_count_input
  std::vector<std::size_t> generated_counts;  // (B, T, M) in 0 … N: number of rows of a set in x_gen; empty: all

  TapeOutputs outputs;  // empty vectors where they are not known
};

/// Makes up a run of B episodes. Weights are at their usual initial scale, with an output layer enlarged so that some
/// updates reach the bound and some do not. θ_m are drawn from the proposal as the run unfolds, and observations depend
/// on them. The outputs are the oracle's. With `vary_real_counts` the episodes have 1 … R real observations, and the
/// rows that do not count hold numbers that would be noticed.
Tape random_tape(const EpisodeSettings& settings, std::size_t B, std::uint64_t seed, bool vary_real_counts = false,
                 bool vary_generated_counts = false);

/// Reads a recorded run; tensors `param.<name>`, `grad.<name>`, `theta_true`, …, sizes in the metadata.
Tape read_tape(const std::filesystem::path& path);

/// Writes a recorded run in float64, in the layout that read_tape reads, with the outputs or without them. Beyond the
/// published settings it adds metadata `family`, `sigma`, `update`, `pooling`, `beta`, `real_count_input` and the
/// tensors `real_counts` and `real_count_inputs` (B), each only where it differs from the published behaviour.
void write_tape(const std::filesystem::path& path, const Tape& tape, bool with_outputs);

}  // namespace alfi::test
