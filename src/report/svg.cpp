#include "src/report/svg.hpp"

#include <fmt/format.h>

#include "alfi/error.hpp"

namespace alfi::report {
namespace {

constexpr double frame_seconds = 0.7;
constexpr std::size_t frames_of_the_last = 4;

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size()) text.replace(at, what.size(), by);
}

/// Ids, and what refers to them.
void prefix_ids(std::string& content, const std::string& prefix) {
  for (const char* const mark : {" id='", " id=\"", "href='#", "href=\"#", "url(#"})
    replace_all(content, mark, mark + prefix);
}

std::string between(const std::string& text, const std::string& first, const std::string& last) {
  const std::size_t begin = text.find(first), end = text.rfind(last);
  if (begin == text.npos || end == text.npos || begin + first.size() > end)
    throw RunError(fmt::format("a picture of gnuplot's has no {}…{}", first, last));
  return text.substr(begin + first.size(), end - begin - first.size());
}

std::string view_box(const std::string& document) {
  const std::string rest = between(document, "viewBox=\"", "</svg>");
  return rest.substr(0, rest.find('"'));
}

std::string animation(const std::string& name, std::size_t frames) {
  const double all = static_cast<double>(frames - 1 + frames_of_the_last);
  std::string style = fmt::format(
      "<style>\n.{0}-frame {{ visibility: hidden; }}\n.{0}-frame:last-of-type {{ visibility: visible; }}\n"
      "@keyframes {0}-show {{ 0% {{ visibility: visible; }} {1:.3f}% {{ visibility: hidden; }} "
      "100% {{ visibility: hidden; }} }}\n"
      "@keyframes {0}-show-last {{ 0% {{ visibility: visible; }} {2:.3f}% {{ visibility: hidden; }} "
      "100% {{ visibility: hidden; }} }}\n"
      "@media screen and (prefers-reduced-motion: no-preference) {{\n"
      ".{0}-frame {{ animation: {0}-show {3:.2f}s step-end infinite; }}\n"
      ".{0}-frame:last-of-type {{ animation-name: {0}-show-last; }}\n"
      "svg:hover .{0}-frame {{ animation-play-state: paused; }}\n",
      name, 100 / all, 100 * static_cast<double>(frames_of_the_last) / all, all * frame_seconds);
  // Negative delays: every frame is already on its way, so that none shows before its time.
  for (std::size_t i = 0; i < frames; ++i)
    style += fmt::format("#{}-{} {{ animation-delay: {:.2f}s; }}\n", name, i,
                         (static_cast<double>(i) - all) * frame_seconds);
  return style + "}\n</style>\n";
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string out = text;
  replace_all(out, "&", "&amp;");
  replace_all(out, "<", "&lt;");
  replace_all(out, ">", "&gt;");
  replace_all(out, "\"", "&quot;");
  return out;
}

std::string embedded(const std::vector<std::string>& documents, const std::string& name, const std::string& label) {
  const std::string box = view_box(documents.front());  // 0 0 width height
  std::string svg = fmt::format(
      "<svg viewBox=\"{}\" style=\"max-width: {}px\" role=\"img\" aria-label=\"{}\" "
      "xmlns=\"http://www.w3.org/2000/svg\" "
      "xmlns:xlink=\"http://www.w3.org/1999/xlink\">\n",
      box, box.substr(4, box.find(' ', 4) - 4), escaped(label));
  if (documents.size() > 1) svg += animation(name, documents.size());
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string frame = fmt::format("{}-{}", name, i);
    std::string content = between(documents[i], "<g id=\"gnuplot_canvas\">", "</svg>");  // closes that g itself
    prefix_ids(content, frame + "-");
    svg += fmt::format("<g id=\"{}\" class=\"{}-frame\">{}", frame, name, content);
  }
  return svg + "</svg>\n";
}

}  // namespace alfi::report
