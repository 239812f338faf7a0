// info, predict, maps, filters: what there is in a model, and what it makes of a picture.
#include <algorithm>
#include <cstdio>
#include <numeric>

#include "commands.hpp"
#include "deconvviz/core/error.hpp"
#include "deconvviz/figure/activations.hpp"
#include "deconvviz/figure/filters.hpp"
#include "deconvviz/figure/stack.hpp"
#include "deconvviz/io/image_file.hpp"
#include "deconvviz/io/npy.hpp"
#include "deconvviz/layers/softmax.hpp"
#include "deconvviz/model/class_probabilities.hpp"
#include "deconvviz/model/multiply_adds.hpp"
#include "deconvviz/model/receptive_field.hpp"
#include "deconvviz/visualize/filters.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;
using examples::text;

namespace tool {

namespace {

/// 1234567 as 1.23 M.
std::string large(double number) {
    char out[32];
    const char* unit = "";
    for (const char* next : {"k", "M", "G", "T"}) {
        if (number < 1000) break;
        number /= 1000;
        unit = next;
    }
    std::snprintf(out, sizeof(out), *unit ? "%.3g %s" : "%.0f%s", number, unit);
    return out;
}

std::string sides(const dv::Size2D& size) {
    return size.y == size.x ? text(size.y) : text(size);
}

/// Columns as wide as their widest entry; the first two read from the left, the others from the right.
void print_table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows)
        for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t c = 0; c < row.size(); ++c) {
            const std::string pad(widths[c] - row[c].size(), ' ');
            line += (c == 1 || c == 2 ? row[c] + pad : pad + row[c]) + "  ";
        }
        std::printf("%s\n", line.substr(0, line.find_last_not_of(' ') + 1).c_str());
    }
}

}  // namespace

void info(const Common& common) {
    Model model = load_model(common);
    std::vector<std::vector<std::string>> rows{
        {"layer", "name", "kind", "output", "parameters", "field", "stride", "offset", "FLOPs"}};
    std::vector<Index> counts(model.size());
    for (const auto& parameter : model.parameters()) counts[parameter.layer] += parameter.parameter.value->size();
    for (std::size_t i = 0; i < model.size(); ++i) {
        const dv::Shape& shape = model.output_shape(i);
        const auto field = dv::unclipped_receptive_field(model, i);
        const bool maps = shape.rank() == 3 && model.input_shape().rank() == 3;
        rows.push_back(
            {text(i), model.name(i), model.layer(i).kind(), text(shape), counts[i] > 0 ? text(counts[i]) : "",
             maps ? sides(field.size) : "all", maps ? sides(field.stride) : "", maps ? sides(field.offset) : "",
             dv::multiply_adds(model, i) > 0 ? large(2.0 * static_cast<double>(dv::multiply_adds(model, i))) : ""});
    }
    std::printf("%s: input %s\n", common.model.string().c_str(), text(model.input_shape()).c_str());
    print_table(rows);
    const Index all = std::accumulate(counts.begin(), counts.end(), Index{0});
    std::printf("%s parameters, %s FLOPs for one picture\n", large(static_cast<double>(all)).c_str(),
                large(2.0 * static_cast<double>(dv::multiply_adds(model))).c_str());
    std::printf("field, stride, offset: the pixels that a position (y,x) sees, from y stride + offset on\n");
}

void predict(const Common& common, const Predict& options) {
    expect_writable({options.npy});
    const Model model = load_model(common);
    const Pictures pictures = load_pictures(options.image, model, common.preparation);
    const Pictures output = model.forward(pictures);
    if (options.npy) dv::save_npy(*options.npy, output);
    dv::detail::expect_classes(model, "predict");
    Pictures probabilities = output;
    dv::detail::make_probabilities(model, probabilities);
    const Index classes = model.output_shape()[0];
    const auto names = class_names(options.labels, classes);
    for (Index n = 0; n < probabilities.shape()[0]; ++n) {
        if (probabilities.shape()[0] > 1) std::printf("picture %td\n", n);
        const auto row = probabilities.slice(n);
        std::vector<std::size_t> order(row.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return row[a] > row[b]; });
        order.resize(std::min(order.size(), static_cast<std::size_t>(options.top)));
        for (const std::size_t k : order)
            std::printf("%8.4f %%  %3zu  %s\n", 100 * static_cast<double>(row[k]), k,
                        options.labels ? names[k].c_str() : "");
    }
}

void maps(const Common& common, const Maps& options) {
    expect_writable({options.out, options.npy});
    const Model model = load_model(common, options.layer);
    const Pictures pictures = load_pictures(options.image, model, common.preparation);
    const std::size_t layer = model.index(layer_id(options.layer));
    const auto trace = model.trace(pictures, {.last = layer});
    if (options.npy) dv::save_npy(*options.npy, trace.activation(layer));
    if (!options.out) return;
    const auto look = style(common);
    std::vector<dv::figure::Image> rows;
    for (Index n = 0; n < trace.batch(); ++n)
        rows.push_back(dv::figure::activations(trace, layer, {.picture = n, .style = look}));
    dv::save_png(*options.out, dv::figure::vstack(rows, {.style = look}));
}

void filters(const Common& common, const Filters& options) {
    expect_writable({options.out});
    const Model model = load_model(common, options.layer);
    std::optional<dv::LayerId> layer;
    if (!options.layer.empty()) layer = layer_id(options.layer);
    dv::save_png(options.out, dv::figure::filters(dv::filter_bank(model, layer), {.style = style(common)}));
}

}  // namespace tool
