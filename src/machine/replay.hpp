// Replaying a recorded run: a processor's kernels on recorded weights and draws, for comparison.
//
// A recorded run ("tape") holds, all in normalised units and under these names, as F32 or F64
//
//   param.<layer>.weight (out, in), param.<layer>.bias (out)   the weights, under the reference's names
//   theta_true (B, D)   x_real (B, R, X)   psi_0 (B, 2, D): rows μ and log σ; one row where log σ is not learned
//   theta_gen (B, T, M, D)   x_gen (B, T, M, N, X)
//   real_counts (B)         optional: number of rows of x_real that count
//   real_count_inputs (B)   with real_count_input: the number of real observations as the RIM sees it
//
// and in its metadata
//
//   bound, loss (normal, beta_normal, mse, l1), weight (exp, const, last, oi), use_grad (True, False);
//   beta with loss beta_normal, sigma with family gaussian_fixed; and, where they differ from the first named,
//   family (gaussian, gaussian_fixed, point, gaussian_full: psi (B, T, 1, P)), update (clamp, tanh), pooling (mean,
//   moments), real_count_input (False, True); batch, iterations, num_theta, num_x, num_real, theta_dim, x_dim:
//   optional, but true.
//
// Every size follows from the tensors' shapes. Other tensors (the recorded results) are not read.
#pragma once

#include "src/backends/processor.hpp"
#include "src/formats/safetensors.hpp"

namespace alfi {

/// Returns psi (B, T, 2, D) after each update, loss_per_iteration (B, T), loss (1) and grad.<layer>.weight|bias, in F64
/// as the reference has them though computed in float32. The metadata are the tape's with `source` replaced. Throws
/// InputError where the tape is incomplete or contradicts itself, naming tensor, shape or value and what is expected;
/// RunError where the run leaves the range of float32.
SafeTensors replay(const SafeTensors& tape, Processor& processor);

}  // namespace alfi
