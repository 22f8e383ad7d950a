// Record: what a session looks like from outside.
#pragma once

#include "contract/records.h"
#include "session/paths.h"
#include "session/session.h"

namespace vmoat {

/** What each end sent since the previous record of a session; indexed by end, 0 low, 1 high. */
struct Since {
  uint64_t packets[2], bytes[2];
};

/** A session's flow record, client first; facts are not in it. */
FlowRecord record_of(const Session& s, const Since& since, const Path& path, FlowEnd end);

}  // namespace vmoat
