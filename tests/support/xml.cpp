#include "tests/support/xml.hpp"

#include <expat.h>
#include <gtest/gtest.h>

#include <memory>

namespace alfi::test {
namespace {

struct Reader {
  std::vector<Element> elements;
  std::vector<std::size_t> open;
  int figures = 0;
};

void begin(void* data, const char* name, const char** attributes) {
  Reader& reader = *static_cast<Reader*>(data);
  Element element{.name = name, .attributes = {}, .inside = {}, .text = "", .figure = -1};
  if (element.name == "figure") ++reader.figures;
  for (; *attributes != nullptr; attributes += 2) element.attributes[attributes[0]] = attributes[1];
  for (const std::size_t i : reader.open) {
    element.inside.push_back(reader.elements[i].name);
    if (element.inside.back() == "figure") element.figure = reader.figures - 1;
  }
  reader.open.push_back(reader.elements.size());
  reader.elements.push_back(std::move(element));
}

void end(void* data, const char*) { static_cast<Reader*>(data)->open.pop_back(); }

void text(void* data, const char* begin, int length) {
  Reader& reader = *static_cast<Reader*>(data);
  reader.elements[reader.open.back()].text.append(begin, static_cast<std::size_t>(length));
}

}  // namespace

std::vector<Element> elements_of(const std::string& xml) {
  const std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser(XML_ParserCreate("UTF-8"), XML_ParserFree);
  Reader reader;
  XML_SetUserData(parser.get(), &reader);
  XML_SetElementHandler(parser.get(), begin, end);
  XML_SetCharacterDataHandler(parser.get(), text);
  if (XML_Parse(parser.get(), xml.data(), static_cast<int>(xml.size()), 1) != XML_STATUS_OK)
    ADD_FAILURE() << "line " << XML_GetCurrentLineNumber(parser.get()) << ": "
                  << XML_ErrorString(XML_GetErrorCode(parser.get()));
  return reader.elements;
}

}  // namespace alfi::test
