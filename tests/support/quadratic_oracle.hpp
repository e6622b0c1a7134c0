// The oracle of learning to minimise random quadratics, in double, from the equations of Andrychowicz et al. 2016
// (arXiv 1606.04474), sharing nothing with the kernels it judges.
//
//   f(θ) = ‖Wθ − y‖²,  θ_0 = 0,  g = 2 Wᵀ(Wθ_t − y), held constant on the way back
//   a_d = (log|g_d| / 10, sign g_d) where |g_d| ≥ e^{−10}, else (−1, e^10 g_d)
//   per coordinate d:  y = relu fc1 relu fc0 [a_d, θ_d],  h_d ← GRU(y, h_d),  θ_d ← θ_d + bounded fc4 relu fc3 h_d
//   loss = mean over the problems of Σ_t w_t f(θ_{t+1}); on the way back θ and h are constants after every 20
//   iterations
#pragma once

#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "alfi/choices.hpp"
#include "tests/support/autodiff.hpp"

namespace alfi::test {

/// Recorded quadratics and a machine of random weights.
struct QuadraticTape {
  std::size_t B, T, D, H, S;
  Weights weights;
  Update update;
  double bound;
  std::vector<double> iteration_weights;  ///< (T)
  std::vector<double> matrix, target;     ///< (B, D, D), (B, D)
  std::map<std::string, std::vector<double>> parameters;
};

struct QuadraticOutputs {
  std::vector<double> theta;  ///< (B, T + 1, D)
  std::vector<double> loss;   ///< (B, T + 1): f(θ_t)
  double total = 0;           ///< mean over the problems of the weighted loss
  std::map<std::string, std::vector<double>> gradients;
};

inline QuadraticTape random_quadratics(std::size_t B, std::size_t T, std::size_t D, std::size_t H, std::size_t S,
                                       unsigned seed) {
  QuadraticTape tape{.B = B,
                     .T = T,
                     .D = D,
                     .H = H,
                     .S = S,
                     .weights = Weights::constant,
                     .update = Update::tanh,
                     .bound = 0.7,
                     .iteration_weights = {},
                     .matrix = {},
                     .target = {},
                     .parameters = {}};
  tape.iteration_weights.assign(T, 1.0 / static_cast<double>(T));
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  const auto draw = [&](std::size_t size, double scale) {
    std::vector<double> values(size);
    for (double& value : values) value = scale * normal(generator);
    return values;
  };
  tape.matrix = draw(B * D * D, 1);
  tape.target = draw(B * D, 1);
  const auto layer = [&](const std::string& name, std::size_t out, std::size_t in) {
    tape.parameters[name + ".weight"] = draw(out * in, 1 / std::sqrt(static_cast<double>(in)));
    tape.parameters[name + ".bias"] = draw(out, 0.3);
  };
  layer("rim.fc0_layer", H, 3);
  layer("rim.fc1_layer", H, H);
  for (const char* const gate : {"update_gate", "reset_gate", "out_gate"})
    layer(std::string("rim.rnn_layer.") + gate, S, H + S);
  layer("rim.fc3_layer", H, S);
  layer("rim.fc4_layer", 1, H);
  return tape;
}

/// Runs the recorded quadratics. `held`, where given, are the gradients g the machine sees (B, T, D) instead of its
/// own: a finite difference of the loss equals the gradient only where they stay as they were. `seen` gets those it
/// saw.
inline QuadraticOutputs run_quadratic_oracle(const QuadraticTape& tape, const std::vector<double>* held = nullptr,
                                             std::vector<double>* seen = nullptr) {
  using Node = Graph::Node;
  QuadraticOutputs out;
  const std::size_t D = tape.D, T = tape.T;
  for (std::size_t b = 0; b < tape.B; ++b) {
    Graph graph;
    std::map<std::string, Node> parameters;
    for (const auto& [name, values] : tape.parameters) parameters.emplace(name, graph.leaf(values));
    const auto linear = [&](const std::string& layer, Node x) {
      return graph.linear(parameters.at(layer + ".weight"), parameters.at(layer + ".bias"), x);
    };
    const auto from = [&](const std::vector<double>& array, std::size_t size) {
      const auto begin = array.begin() + static_cast<std::ptrdiff_t>(b * size);
      return std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(size));
    };
    const std::vector<double> W = from(tape.matrix, D * D);
    std::vector<double> minus_y = from(tape.target, D);
    for (double& value : minus_y) value = -value;
    const Node matrix = graph.leaf(W), shift = graph.leaf(minus_y);

    std::vector<Node> theta(D, graph.leaf({0.0})), state(D, graph.leaf(std::vector<double>(tape.S, 0.0)));
    std::vector<Node> terms;
    for (std::size_t t = 0;; ++t) {
      const Node residual = graph.linear(matrix, shift, graph.concatenate(theta));
      const Node loss = graph.sum(graph.square(residual));
      out.loss.push_back(graph.value(loss)[0]);
      for (Node coordinate : theta) out.theta.push_back(graph.value(coordinate)[0]);
      if (t > 0) terms.push_back(graph.affine(loss, tape.iteration_weights[t - 1], 0.0));
      if (t == T) break;
      for (std::size_t d = 0; d < D && t % 20 == 0; ++d) {
        theta[d] = graph.leaf(graph.value(theta[d]));
        state[d] = graph.leaf(graph.value(state[d]));
      }
      for (std::size_t d = 0; d < D; ++d) {
        double g = 0;
        for (std::size_t i = 0; i < D; ++i) g += 2 * W[i * D + d] * graph.value(residual)[i];
        if (held != nullptr) g = (*held)[(b * T + t) * D + d];
        if (seen != nullptr) seen->push_back(g);
        const bool large = std::abs(g) >= std::exp(-10.0);
        const Node a = graph.leaf(large ? std::vector{std::log(std::abs(g)) / 10, g < 0 ? -1.0 : 1.0}
                                        : std::vector{-1.0, std::exp(10.0) * g});
        const Node y =
            graph.relu(linear("rim.fc1_layer", graph.relu(linear("rim.fc0_layer", graph.concatenate({a, theta[d]})))));
        const Node h = state[d], both = graph.concatenate({y, h});
        const Node u = graph.sigmoid(linear("rim.rnn_layer.update_gate", both));
        const Node v = graph.sigmoid(linear("rim.rnn_layer.reset_gate", both));
        const Node c = graph.tanh(linear("rim.rnn_layer.out_gate", graph.concatenate({y, graph.multiply(v, h)})));
        state[d] = graph.add(graph.multiply(graph.affine(u, -1.0, 1.0), h), graph.multiply(u, c));
        Node step = linear("rim.fc4_layer", graph.relu(linear("rim.fc3_layer", state[d])));
        if (tape.update == Update::tanh)
          step = graph.affine(graph.tanh(graph.affine(step, 1 / tape.bound, 0.0)), tape.bound, 0.0);
        else if (tape.bound > 0)
          step = graph.clamp(step, tape.bound);
        theta[d] = graph.add(theta[d], step);
      }
    }
    const Node total = graph.sum(graph.concatenate(terms));
    out.total += graph.value(total)[0] / static_cast<double>(tape.B);
    graph.backward(total, 1.0 / static_cast<double>(tape.B));
    for (const auto& [name, node] : parameters) {
      std::vector<double>& sum = out.gradients[name];
      sum.resize(graph.value(node).size(), 0.0);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += graph.gradient(node)[i];
    }
  }
  return out;
}

}  // namespace alfi::test
