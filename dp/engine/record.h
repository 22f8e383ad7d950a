// Record: what a session looks like from outside.
#pragma once

#include "contract/records.h"
#include "session/paths.h"
#include "session/session.h"

namespace vmoat {

/** A session's flow record, client first; facts are not in it. */
FlowRecord record_of(const Session& s, const Path& path, FlowEnd end);

}  // namespace vmoat
