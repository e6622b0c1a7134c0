// The choices a configuration can make, as the kernels and the host share them.
#pragma once

namespace alfi {

// The enumerators are in the order of their names in src/configuration/configuration.cpp.
enum class Family { gaussian, gaussian_fixed, point, gaussian_full };  ///< what ψ is: kernels/networks/proposal.hpp
enum class Prior { uniform, normal };               ///< the law of a parameter before anything is observed
enum class Start { prior, draw };                   ///< ψ₀: the prior's mean and deviation; a fresh prior draw
enum class Pooling { mean, moments };               ///< of codes: their mean; mean and standard deviation
enum class Update { clamp, tanh };                  ///< how one update of ψ is bounded
enum class Loss { normal, beta_normal, mse, l1 };   ///< of one iteration
enum class Weights { exp, constant, last, oi };     ///< of the iterations in an episode's loss
enum class Transform { none, sqrt, log1p, asinh };  ///< of observations, before they are standardised
enum class Schedule { cosine, constant };           ///< of the learning rate
enum class Backend { automatic, cpu, cuda };
enum class Precision { fp32, tf32x3, bf16 };
enum class Encoder { automatic, dense, table, segments };

}  // namespace alfi
