// Configuration of a run: every choice of a training and its evaluation, as written in its YAML file.
//
// The nested structs are the sections of the file, key for key, and the values written here are the defaults. An empty
// mapping plus a simulator's name is a complete configuration. What each key means and which values it may take is one
// table in src/configuration/keys.cpp; describe_configuration() prints it. Shape letters are the method's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "alfi/simulators.hpp"

namespace alfi {

struct Configuration {
  struct Simulator {
    std::string name;                          // exactly one of name, source, module and program must be given
    std::map<std::string, double> parameters;  // constants
    Transform transform = Transform::none;
    std::string source = {};  // a header, compiled where it was not before
    std::string module = {};  // a header that was compiled beforehand
    // A program with its arguments, and what it does not say of itself.
    std::vector<std::string> program = {};
    int workers = 1;
    double timeout_seconds = 60;
    Protocol protocol = Protocol::frames;
    std::vector<SimulatorParameter> program_parameters = {};  // simulator.parameters, of a program
    ObservationInfo observations = {};
    bool operator==(const Simulator&) const = default;
  };
  struct Parameters {
    Space space = Space::automatic;
    bool operator==(const Parameters&) const = default;
  };
  struct Episode {
    /// The real observations of an episode: R is drawn between both, inclusive. A plain number in YAML is min = max.
    struct RealObservations {
      int min = 500;
      int max = 500;
      bool operator==(const RealObservations&) const = default;
    };
    int iterations = 10;                 // T
    int thetas = 20;                     // M
    int observations = 20;               // N
    RealObservations real_observations;  // R
    bool operator==(const Episode&) const = default;
  };
  struct Proposal {
    Family family = Family::gaussian;
    Start start = Start::prior;
    double sigma = 0.1;
    bool operator==(const Proposal&) const = default;
  };
  struct Networks {
    struct Encoder {
      int hidden = 50;
      int code = 20;  // C
      Pooling pooling = Pooling::mean;
      bool operator==(const Encoder&) const = default;
    };
    struct Aggregator {
      int hidden = 20;
      int code = 30;  // A
      bool operator==(const Aggregator&) const = default;
    };
    struct Rim {
      int hidden = 30;  // H
      int state = 40;   // S
      double bound = 0.5;
      Update update = Update::clamp;
      bool operator==(const Rim&) const = default;
    };
    Encoder encoder;
    Aggregator aggregator;
    Rim rim;
    bool use_grad = true;
    bool operator==(const Networks&) const = default;
  };
  struct Training {
    struct Beta {
      double from = 1;
      double to = 0;
      bool operator==(const Beta&) const = default;
    };
    int steps = 4000;
    int meta_batch = 64;  // B
    int problems = 0;     // 0: fresh episodes at every step ("fresh" in YAML)
    Loss loss = Loss::normal;
    Beta beta;
    Weights weights = Weights::exp;
    double learning_rate = 2e-3;
    Schedule schedule = Schedule::cosine;
    double cooldown = 0.2;  // part of the steps
    int warmup_steps = 100;
    double clip_norm = 1;  // 0: off
    double ema = 0.999;    // 0: off
    int checkpoint_every = 500;
    int validate_every = 500;
    int keep_checkpoints = 0;  // 0: all
    int patience = 0;          // validations without improvement; 0: off
    bool operator==(const Training&) const = default;
  };
  struct Evaluation {
    int episodes = 5000;
    int iterations = 0;   // 0: as episode.iterations
    int replicates = 16;  // rollouts an answer combines
    bool operator==(const Evaluation&) const = default;
  };
  struct Engine {
    Backend backend = Backend::automatic;
    Precision precision = Precision::fp32;
    alfi::Encoder encoder = alfi::Encoder::automatic;
    int device = 0;   // which of the CUDA devices
    int threads = 0;  // 0: all
    std::uint64_t seed = 1;
    bool operator==(const Engine&) const = default;
  };

  Simulator simulator;
  std::map<std::string, PriorLaw> prior;  // of parameters by name, instead of the simulator's own
  Parameters parameters;
  Episode episode;
  Proposal proposal;
  Networks networks;
  Training training;
  Evaluation evaluation;
  Engine engine;
  bool operator==(const Configuration&) const = default;
};

/// Reads and validates a configuration file. Each override is "section.key=value", the value in YAML; a mapping as the
/// value changes only the keys it names. Overrides apply in their order, after the file.
/// A file of the published PyTorch code is read as well; `notes`, where given, gets how it was read and where alfi
/// differs on purpose, a line each, and nothing for a file of alfi's own.
/// Throws InputError naming file, line, key, value and what is allowed.
Configuration load_configuration(const std::filesystem::path& file, const std::vector<std::string>& overrides = {},
                                 std::vector<std::string>* notes = nullptr);

/// Reads a configuration from text, e.g. the one stored in a checkpoint.
Configuration parse_configuration(const std::string& yaml_text, const std::vector<std::string>& overrides = {});

/// Writes every key, in YAML that parse_configuration reads back to an equal Configuration.
std::string to_yaml(const Configuration& configuration);

/// Throws InputError on the first value, or combination of values, that is not allowed. The loaders have called it;
/// call it on a Configuration built in code.
void validate(const Configuration& configuration);

/// Returns the name that engine.precision has for it.
std::string to_text(Precision precision);
/// Returns the name that engine.encoder has for it.
std::string to_text(Encoder encoder);

/// Describes every key for people: what it may be, its default and its meaning.
std::string describe_configuration();

}  // namespace alfi
