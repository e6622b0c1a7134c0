#include "src/parameters.hpp"

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
  return layers;
}

}  // namespace alfi
