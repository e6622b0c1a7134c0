// Configurations of the published PyTorch code (github.com/artix41/ALFI-pytorch, "the reference"), read as alfi's own.
//
// A file of the reference becomes values of native keys. They then go the way of all others, through the one reader and
// its rules (src/configuration/reader.cpp), and remember the lines they came from. What decides a run is set by
// them whether or not it has a native default: the published settings are warm-up, clipping and averaging off, a
// constant learning rate, plain observations, mean pooling, and a start drawn from the prior.
#pragma once

#include <string>
#include <vector>

#include "src/formats/yaml.hpp"

namespace alfi {

struct ReferenceTranslation {
  struct Assignment {
    std::string path;    ///< of a native key
    YAML::Node value;    ///< as a native file would have it
    std::string origin;  ///< where it came from, as the beginning of a message: "run.yaml:8: train.nb_iter as "
  };
  std::vector<Assignment> assignments;  ///< each native key once, those of a section together
  std::vector<std::string> notes;       ///< how the file is read and where alfi differs on purpose, a line each
};

/// Says whether a document is the reference's: it has `model`, or train.nb_epochs, or a simulator named as its class
/// is.
bool is_reference_configuration(const YAML::Node& root);

/// Translates a file of the published code. `origin` begins messages about the whole document. Throws InputError naming
/// line, key, value and what is allowed: for a section or key that is missing or unknown, a class alfi lacks, or
/// parameters of a simulator that alfi cannot take. What a native key allows is left to those who read the assignments.
ReferenceTranslation translate_reference_configuration(const YAML::Node& root, const std::string& origin,
                                                       const AtLine& at_line);

}  // namespace alfi
