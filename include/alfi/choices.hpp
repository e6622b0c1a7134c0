// The choices a configuration can make, as the kernels and the host share them. Their names are in
// src/configuration/names.hpp.
#pragma once

namespace alfi {

/// Family of proposals: what ψ is; the laws are in kernels/networks/proposal.hpp.
enum class Family {
  gaussian,        ///< a mean and log σ
  gaussian_fixed,  ///< a mean; σ is configured
  point,           ///< θ itself, which has no density
  gaussian_full    ///< a mean, log σ and couplings of the parameters
};

/// The law of a parameter before anything is observed.
enum class Prior { uniform, normal, log_uniform, log_normal, truncated_normal, beta, gamma, exponential };

/// Scale on which a machine works on parameters.
enum class Space {
  automatic,  ///< natural where the prior is uniform or normal, else normal
  natural,    ///< θ, less the prior's mean, over its deviation
  normal      ///< θ's normal score Φ⁻¹(F(θ)), so that no proposal leaves the prior
};

/// Form in which a simulator that is a program is asked and answers; docs/guide/own_simulator.md has the words.
enum class Protocol {
  frames,  ///< a line of JSON, then 32-bit numbers
  csv      ///< lines of text
};

/// ψ₀.
enum class Start {
  prior,  ///< the prior's mean and deviation
  draw    ///< a fresh draw of the prior, with the configured σ
};

/// Pooling: what the codes of a set become.
enum class Pooling {
  mean,    ///< their mean
  moments  ///< their mean and standard deviation
};

/// Way to keep one update of ψ within its bound; the equations are in kernels/networks/rim.hpp.
enum class Update { clamp, tanh };

/// The loss of one iteration; the equations are in kernels/episode/loss.hpp.
enum class Loss {
  normal,       ///< negative log density of the truth
  beta_normal,  ///< that of each dimension times σ^(2β)
  mse,          ///< squared distance of the mean
  l1            ///< absolute distance of the mean
};

/// Weights of the iterations in an episode's loss.
enum class Weights {
  exp,       ///< growing exponentially
  constant,  ///< equal
  last,      ///< of the last iteration alone
  oi         ///< observed improvement: kernels/episode/loss.hpp
};

/// Transform of observations before they are standardised.
enum class Transform {
  none,
  sqrt,   ///< √(x + 3/8)
  log1p,  ///< log(1 + x)
  asinh
};

/// The learning rate after the warm-up.
enum class Schedule {
  cosine,    ///< falls to 0
  constant,  ///< stays
  cooldown   ///< stays, then falls to 0 on a line
};

/// Backend where the work runs; automatic takes a CUDA device where there is one.
enum class Backend { automatic, cpu, cuda };

/// Arithmetic of the encoder's products; how operands are rounded is in kernels/lanes/precision.hpp.
enum class Precision {
  fp32,    ///< of float, the reference
  tf32x3,  ///< three products of TF32
  bf16     ///< of bfloat16
};

/// Way in which the CPU gets an observation's code; all are exact.
enum class Encoder {
  automatic,  ///< the cheapest
  dense,      ///< by the network, for each observation
  table,      ///< from the kept codes of whole numbers
  segments    ///< from the network's linear pieces, for observations of one number
};

}  // namespace alfi
