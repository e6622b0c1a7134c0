// Makes kernels of PTX text, and says what is in them and what of it was executed.
#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>

#include "tests/ptx/decoder.hpp"
#include "tests/ptx/handlers.hpp"
#include "tests/ptx/scanner.hpp"

namespace alfi::test::ptx {
namespace {

/// Reads the name, the size of the parameters and the most threads from an entry's head.
std::unique_ptr<Kernel> begin_kernel(const std::string& head) {
  auto kernel = std::make_unique<Kernel>();
  const std::size_t name = head.find(".entry ") + 7, open = head.find('(', name), close = head.find(')', open);
  kernel->name = head.substr(name, open - name);
  const std::string parameters = head.substr(open, close - open);
  if (std::count(parameters.begin(), parameters.end(), ',') > 0) fail(kernel->name + ": several parameters");
  if (const std::size_t bracket = parameters.rfind('['); bracket != std::string::npos)
    kernel->parameter_bytes = std::stoul(parameters.substr(bracket + 1));
  if (const std::size_t most = head.find(".maxntid", close); most != std::string::npos)
    kernel->max_threads = std::stoi(head.substr(most + 8));
  return kernel;
}

/// A kernel while its statements come.
class KernelParser {
 public:
  KernelParser(const std::string& head, const std::set<std::string>& shared_arrays)
      : kernel_(begin_kernel(head)), registers_(*kernel_, shared_arrays) {}

  void add_label(const std::string& name) { labels_[name] = static_cast<std::int32_t>(kernel_->instructions.size()); }

  void add(const Piece& statement) {
    if (statement.text.starts_with(".reg ")) return registers_.declare(statement.text);
    if (statement.text.starts_with(".pragma ")) return;
    if (statement.text.starts_with(".local ")) return declare_local(statement.text);
    const Words words(statement.text);
    Instruction instruction = decode(words, registers_);
    if (instruction.run == nullptr) fail("an unknown type");
    if (instruction.run == branch) jumps_.push_back({kernel_->instructions.size(), words.operands.at(0)});
    instruction.line = statement.line;
    instruction.number = static_cast<std::uint32_t>(kernel_->instructions.size());
    kernel_->instructions.push_back(instruction);
    kernel_->text.push_back(statement.text);
  }

  std::unique_ptr<Kernel> finish() {
    for (const auto& [number, label] : jumps_) {
      const auto found = labels_.find(label);
      if (found == labels_.end()) fail(kernel_->name + ": no such label: " + label);
      kernel_->instructions[number].target = found->second;
    }
    kernel_->executed.resize(kernel_->instructions.size());
    return std::move(kernel_);
  }

 private:
  /// Reads ".local .align 4 .b8 name[12]", of which nvcc makes one a kernel.
  void declare_local(const std::string& declaration) {
    const std::size_t bracket = declaration.find('['), space = declaration.rfind(' ', bracket);
    if (bracket == std::string::npos || !kernel_->local_array.empty()) fail("another local memory");
    kernel_->local_array = declaration.substr(space + 1, bracket - space - 1);
    kernel_->local_bytes = (std::stoul(declaration.substr(bracket + 1)) + 15) / 16 * 16;
  }

  struct Jump {
    std::size_t number;
    std::string label;
  };
  std::unique_ptr<Kernel> kernel_;
  Registers registers_;
  std::unordered_map<std::string, std::int32_t> labels_;
  std::vector<Jump> jumps_;
};

/// Reads the name of ".extern .shared .align 16 .b8 name[]", which begins where shared memory does.
std::string shared_array(const std::string& declaration) {
  const std::size_t bracket = declaration.find('['), space = declaration.rfind(' ', bracket);
  if (bracket == std::string::npos || declaration[bracket + 1] != ']') fail("a shared array of a fixed size");
  return declaration.substr(space + 1, bracket - space - 1);
}

Line line_of(const Kernel& kernel, std::size_t number) {
  return {kernel.instructions[number].line, kernel.text[number]};
}

}  // namespace

Module::Module(std::string_view text) {
  Scanner scanner(text);
  std::set<std::string> shared_arrays;
  std::optional<KernelParser> parser;
  for (Piece piece = scanner.next(); piece.kind != Piece::Kind::end; piece = scanner.next()) {
    try {
      if (piece.kind == Piece::Kind::head) {
        parser.emplace(piece.text, shared_arrays);
      } else if (piece.kind == Piece::Kind::close) {
        std::unique_ptr<Kernel> kernel = parser.value().finish();
        parser.reset();
        kernels_[kernel->name] = std::move(kernel);
      } else if (piece.kind == Piece::Kind::label) {
        parser.value().add_label(piece.text);
      } else if (parser) {
        parser->add(piece);
      } else if (piece.text.find(".func") != std::string::npos) {
        fail("a function that is no kernel");
      } else if (piece.text.find(".shared ") != std::string::npos) {
        shared_arrays.insert(shared_array(piece.text));
      }
    } catch (const std::exception& error) {
      fail("line " + std::to_string(piece.line) + ", " + piece.text.substr(0, 200) + ": " + error.what());
    }
  }
}
Module::~Module() = default;

std::vector<std::string> Module::names() const {
  std::vector<std::string> result;
  for (const auto& [name, kernel] : kernels_) result.push_back(name);
  return result;
}

const Kernel& Module::kernel(const std::string& name) const {
  const auto found = kernels_.find(name);
  if (found == kernels_.end()) fail("no such kernel: " + name);
  return *found->second;
}

std::size_t parameter_bytes(const Kernel& kernel) { return kernel.parameter_bytes; }

Coverage coverage(const Kernel& kernel) {
  Coverage result{static_cast<int>(kernel.instructions.size()), {}};
  for (std::size_t i = 0; i < kernel.instructions.size(); ++i)
    if (kernel.executed[i] == 0) result.missed.push_back(line_of(kernel, i));
  return result;
}

std::map<std::string, std::uint64_t> executed(const Kernel& kernel) {
  std::map<std::string, std::uint64_t> counts;
  for (std::size_t i = 0; i < kernel.instructions.size(); ++i) {
    const std::string& text = kernel.text[i];
    const std::size_t begin = text.front() == '@' ? text.find(' ') + 1 : 0;
    counts[text.substr(begin, text.find_first_of(" ;", begin) - begin)] += kernel.executed[i];
  }
  return counts;
}

std::vector<Line> barriers(const Kernel& kernel) {
  std::vector<Line> result;
  for (std::size_t i = 0; i < kernel.instructions.size(); ++i)
    if (kernel.instructions[i].run == wait_at_barrier) result.push_back(line_of(kernel, i));
  return result;
}

}  // namespace alfi::test::ptx
