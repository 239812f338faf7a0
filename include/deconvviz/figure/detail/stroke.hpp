/// @file
/// Smooth lines and dots in pictures.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "deconvviz/figure/image.hpp"

namespace deconvviz::detail {

/// A point of the figure, in pixels; whole numbers are the corners between pixels.
struct PlotPoint {
    double x = 0;
    double y = 0;
};

/// Strokes of one colour inside of a rectangle of a figure. They gather here, and meet the figure once: where strokes
/// cross or join, nothing is drawn twice.
class StrokeLayer {
  public:
    StrokeLayer(Index x, Index y, Index width, Index height)
        : x_(x), y_(y), width_(width), height_(height), cover_(static_cast<std::size_t>(width * height)) {}

    /// A straight line with round ends; one of no length is a dot.
    void line(PlotPoint a, PlotPoint b, double thickness) {
        const double radius = thickness / 2;
        const Index left = at_least(std::min(a.x, b.x) - radius - 1, x_);
        const Index right = at_most(std::max(a.x, b.x) + radius + 1, x_ + width_);
        const Index top = at_least(std::min(a.y, b.y) - radius - 1, y_);
        const Index bottom = at_most(std::max(a.y, b.y) + radius + 1, y_ + height_);
        for (Index v = top; v < bottom; ++v)
            for (Index u = left; u < right; ++u) {
                const double distance = to_segment({static_cast<double>(u) + 0.5, static_cast<double>(v) + 0.5}, a, b);
                const double covered = std::clamp(radius + 0.5 - distance, 0.0, 1.0);
                float& cover = cover_[static_cast<std::size_t>((v - y_) * width_ + u - x_)];
                cover = std::max(cover, static_cast<float>(covered));
            }
    }

    /// Pieces of `on` pixels with gaps of `off` in between along a chain of points.
    void dashes(const std::vector<PlotPoint>& points, double thickness, double on, double off) {
        double along = 0;  // the length so far, modulo on + off
        for (std::size_t i = 0; i + 1 < points.size(); ++i) {
            const PlotPoint a = points[i], b = points[i + 1];
            const double length = std::hypot(b.x - a.x, b.y - a.y);
            for (double at = 0; at < length;) {
                const bool drawn = along < on;
                const double step = std::min(length - at, (drawn ? on : on + off) - along);
                if (drawn) line(between(a, b, at / length), between(a, b, (at + step) / length), thickness);
                at += step;
                along += step;
                if (along >= on + off - 1e-9) along = 0;
                if (step <= 0) break;
            }
        }
    }

    void draw(figure::Image& image, figure::Color color) const {
        for (Index v = 0; v < height_; ++v)
            for (Index u = 0; u < width_; ++u)
                if (const float cover = cover_[static_cast<std::size_t>(v * width_ + u)]; cover > 0)
                    image.blend(x_ + u, y_ + v, color, static_cast<double>(cover));
    }

  private:
    static Index at_least(double value, Index least) {
        return static_cast<Index>(std::clamp(std::floor(value), static_cast<double>(least), 1e9));
    }
    static Index at_most(double value, Index most) {
        return static_cast<Index>(std::clamp(std::ceil(value), -1e9, static_cast<double>(most)));
    }
    static PlotPoint between(PlotPoint a, PlotPoint b, double t) {
        return {a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)};
    }
    static double to_segment(PlotPoint p, PlotPoint a, PlotPoint b) {
        const double dx = b.x - a.x, dy = b.y - a.y;
        const double square = dx * dx + dy * dy;
        const double t = square > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / square, 0.0, 1.0) : 0.0;
        return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
    }

    Index x_, y_, width_, height_;
    std::vector<float> cover_;
};

}  // namespace deconvviz::detail
