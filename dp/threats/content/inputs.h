// Inputs: everything a request puts into an application, one by one, decoded as the application will see it.
#pragma once

#include "threats/content/content.h"

namespace vmoat {

/** What a body is, by its Content-Type; `other` is passed over. */
enum class BodyKind : uint8_t { form, json, xml, multipart, other };
BodyKind body_kind(std::string_view content_type);

/** The path of a request's target and the parameters of its query. */
void inputs_of_target(std::string_view target, ContentSink& sink);
/** Parameters "a=b&c=d". */
void inputs_of_query(std::string_view query, HttpWhere where, ContentSink& sink);
void inputs_of_cookies(std::string_view value, ContentSink& sink);
/** A header field, where characters stand in it that code is written with. */
void input_of_field(std::string_view name, std::string_view value, ContentSink& sink);
/** A body, or a piece of one. */
void inputs_of_body(std::string_view body, BodyKind kind, ContentSink& sink);

/** Marks without which no threat looks at a header field. */
constexpr uint16_t field_marks = mark_quote | mark_dollar | mark_angle | mark_percent | mark_brace;
/** Whether a text has any of them; looks at many characters at a time. */
bool has_field_marks(std::string_view text);

}  // namespace vmoat
