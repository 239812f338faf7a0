// What most tests include, for the precompiled header. Tests name what they use all the same.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "deconvviz/model/sequential.hpp"
