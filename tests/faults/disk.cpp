#include "tests/faults/disk.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "tests/faults/program.hpp"

namespace alfi::faults {
namespace {

namespace fs = std::filesystem;

std::string name_of(const std::string& path) { return fs::path(path).filename().string(); }

}  // namespace

std::vector<Entry> read_journal(const fs::path& path) {
  const std::string bytes = content_of(path);
  std::vector<Entry> entries;
  for (std::size_t at = 0; at + sizeof(JournalEntry) <= bytes.size();) {
    Entry entry;
    std::memcpy(static_cast<JournalEntry*>(&entry), bytes.data() + at, sizeof(JournalEntry));
    at += sizeof(JournalEntry);
    for (const auto& [text, size] :
         {std::pair{&entry.path, entry.path_size}, std::pair{&entry.new_path, entry.new_path_size},
          std::pair{&entry.data, entry.data_size}}) {
      *text = bytes.substr(at, size);
      at += size;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Disk::Disk(const fs::path& folder) { take_over(folder); }

int Disk::take_over(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw std::runtime_error(path.string() + " is not there");
  const int number = new_node(status.st_ino, S_ISDIR(status.st_mode));
  if (!S_ISDIR(status.st_mode)) {
    nodes_[static_cast<std::size_t>(number)].content = content_of(path);
    return number;
  }
  for (const auto& entry : fs::directory_iterator(path)) {
    const int child = take_over(entry.path());
    nodes_[static_cast<std::size_t>(number)].names[entry.path().filename().string()] = child;
  }
  return number;
}

int Disk::new_node(std::uint64_t inode, bool is_folder) {
  nodes_.push_back({.is_folder = is_folder});
  return by_inode_[inode] = static_cast<int>(nodes_.size()) - 1;
}

Disk::Node& Disk::node_of(std::uint64_t inode) { return nodes_[static_cast<std::size_t>(by_inode_.at(inode))]; }

void Disk::write(std::string& content, const Write& write) {
  if (write.cuts) content.clear();
  if (write.data.empty()) return;
  content.resize(std::max(content.size(), static_cast<std::size_t>(write.offset) + write.data.size()), '\0');
  content.replace(write.offset, write.data.size(), write.data);
}

void Disk::name(std::map<std::string, int>& names, const Naming& naming) {
  if (!naming.old_name.empty()) names.erase(naming.old_name);
  if (!naming.name.empty()) names[naming.name] = naming.node;
}

void Disk::apply(const Entry& entry) {
  switch (entry.deed) {
    case Deed::created:
    case Deed::folder_made: {
      const int node = new_node(entry.inode, entry.deed == Deed::folder_made);
      node_of(entry.parent).namings.push_back({"", name_of(entry.path), node});
      break;
    }
    case Deed::written:
      node_of(entry.inode).writes.push_back({entry.offset, entry.data, false});
      break;
    case Deed::cut:
      node_of(entry.inode).writes.push_back({0, "", true});
      break;
    case Deed::renamed:
      node_of(entry.parent)
          .namings.push_back({name_of(entry.path), name_of(entry.new_path), by_inode_.at(entry.inode)});
      break;
    case Deed::removed:
      node_of(entry.parent).namings.push_back({name_of(entry.path), "", 0});
      break;
    case Deed::flushed: {
      Node& node = node_of(entry.inode);
      for (const Write& one : node.writes) write(node.content, one);
      for (const Naming& one : node.namings) name(node.names, one);
      node.writes.clear();
      node.namings.clear();
      break;
    }
  }
}

void Disk::leave(const fs::path& folder, std::mt19937& random) const { leave_node(0, folder, random); }

void Disk::leave_node(int number, const fs::path& path, std::mt19937& random) const {
  const Node& node = nodes_[static_cast<std::size_t>(number)];
  // All that is pending is there, or nothing, or some of it.
  const unsigned luck = static_cast<unsigned>(random() % 4);
  if (!node.is_folder) {
    std::string content = node.content;
    std::size_t left = luck == 0 ? node.writes.size() : luck == 1 ? 0 : random() % (node.writes.size() + 1);
    for (const Write& one : node.writes) {
      if (left-- == 0) break;
      const bool torn = left == 0 && luck > 1;
      write(content, torn ? Write{one.offset, one.data.substr(0, one.data.size() / 2), one.cuts} : one);
    }
    std::ofstream(path, std::ios::binary) << content;
    return;
  }
  fs::create_directories(path);
  std::map<std::string, int> names = node.names;
  for (const Naming& one : node.namings)
    if (luck == 0 || (luck > 1 && random() % 2 == 0)) name(names, one);
  for (const auto& [name, child] : names) leave_node(child, path / name, random);
}

}  // namespace alfi::faults
