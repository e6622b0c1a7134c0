#include "src/model/parameters.hpp"

#include <algorithm>

namespace alfi {

std::vector<std::pair<std::string, Linear>> named_layers(const Layout& layout) {
  std::vector<std::pair<std::string, Linear>> layers;
  for (int i = 0; i < 3; ++i)
    layers.emplace_back("x_data_agg.fc" + std::to_string(i + 1) + "_layer", layout.encoder[i]);
  for (int i = 0; i < 3; ++i)
    layers.emplace_back("theta_data_agg.fc" + std::to_string(i + 1) + "_layer", layout.aggregator[i]);
  layers.emplace_back("rim.fc0_layer", layout.fc0);
  layers.emplace_back("rim.fc1_layer", layout.fc1);
  layers.emplace_back("rim.rnn_layer.update_gate", layout.update_gate);
  layers.emplace_back("rim.rnn_layer.reset_gate", layout.reset_gate);
  layers.emplace_back("rim.rnn_layer.out_gate", layout.out_gate);
  layers.emplace_back("rim.fc3_layer", layout.fc3);
  layers.emplace_back("rim.fc4_layer", layout.fc4);
  std::erase_if(layers, [](const auto& layer) { return layer.second.out == 0; });  // a machine may have the RIM alone
  return layers;
}

void add_weights(SafeTensors& content, const std::string& prefix, const Layout& layout,
                 std::span<const float> weights) {
  for (const auto& [name, linear] : named_layers(layout)) {
    const auto in = static_cast<std::size_t>(linear.in), out = static_cast<std::size_t>(linear.out);
    content.tensors[prefix + name + ".weight"] =
        Tensor::of<float>({linear.out, linear.in}, weights.subspan(static_cast<std::size_t>(linear.weight), in * out));
    content.tensors[prefix + name + ".bias"] =
        Tensor::of<float>({linear.out}, weights.subspan(static_cast<std::size_t>(linear.bias), out));
  }
}

std::vector<float> read_weights(const SafeTensors& content, const std::string& prefix, const Layout& layout) {
  std::vector<float> weights(static_cast<std::size_t>(layout.size), 0.0F);
  for (const auto& [name, linear] : named_layers(layout)) {
    std::ranges::copy(content.values<float>(prefix + name + ".weight", {linear.out, linear.in}),
                      weights.begin() + linear.weight);
    std::ranges::copy(content.values<float>(prefix + name + ".bias", {linear.out}), weights.begin() + linear.bias);
  }
  return weights;
}

}  // namespace alfi
