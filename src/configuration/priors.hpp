// A prior as a configuration writes it: {log_uniform: [0.1, 10]}.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>

#include "alfi/prior.hpp"

namespace alfi::configuration {

/// Reads a prior; returns false where the node is none. Whether its numbers make a law is for refused_prior to say.
bool read_prior(const YAML::Node& node, PriorLaw& law);

/// Writes a prior as read_prior reads it.
void emit_prior(YAML::Emitter& out, const PriorLaw& law);

/// Lists the forms a prior may have.
std::string prior_forms();

}  // namespace alfi::configuration
