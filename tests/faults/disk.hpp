// A disk that remembers only what was flushed to it.
//
// Data written to a file last from the file's flush on, names in a folder from the folder's: POSIX promises no more.
// What was not flushed when the power goes may be there or not, each name by itself, a beginning of a file's writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/faults/journal.hpp"

namespace alfi::faults {

/// An entry of a journal with what stands behind it.
struct Entry : JournalEntry {
  std::string path, new_path, data;
};

std::vector<Entry> read_journal(const std::filesystem::path& path);

class Disk {
 public:
  /// Takes over what is in a folder, all of it flushed.
  explicit Disk(const std::filesystem::path& folder);

  void apply(const Entry& entry);
  /// Writes what is left after a loss of power to a folder that is not there yet.
  void leave(const std::filesystem::path& folder, std::mt19937& random) const;

 private:
  struct Write {
    std::uint64_t offset;
    std::string data;
    bool cuts;
  };
  struct Naming {
    std::string old_name, name;  ///< empty: none
    int node;
  };
  /// A file or folder: what lasts, and what is pending.
  struct Node {
    bool is_folder = false;
    std::string content{};
    std::vector<Write> writes{};
    std::map<std::string, int> names{};
    std::vector<Naming> namings{};
  };

  int take_over(const std::filesystem::path& path);
  int new_node(std::uint64_t inode, bool is_folder);
  Node& node_of(std::uint64_t inode);
  void leave_node(int node, const std::filesystem::path& path, std::mt19937& random) const;
  static void write(std::string& content, const Write& write);
  static void name(std::map<std::string, int>& names, const Naming& naming);

  std::vector<Node> nodes_;
  std::map<std::uint64_t, int> by_inode_;
};

}  // namespace alfi::faults
