// Frame as the capture room hands it on: it is defined where it is decoded.
#pragma once

#include "parse/frame.h"
