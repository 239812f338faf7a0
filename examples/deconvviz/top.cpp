// top: the pictures of a data set that excite each map most.
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "data.hpp"
#include "deconvviz/figure/top_activations.hpp"
#include "deconvviz/io/image_file.hpp"
#include "deconvviz/io/output_file.hpp"
#include "deconvviz/model/receptive_field.hpp"
#include "deconvviz/visualize/project_top.hpp"
#include "deconvviz/visualize/top_activations_pass.hpp"
#include "support/text.hpp"

namespace dv = deconvviz;

namespace tool {

void top(const Common& common, const Top& options) {
    expect_writable({options.out, options.json});
    const Model model = load_model(common, options.layer);
    const Data data(options.data, model, common.preparation);
    const dv::LayerId layer = layer_id(options.layer);
    std::vector<Index> maps;
    if (!options.maps.empty()) maps = numbers(options.maps);
    const auto source = data.source();
    const auto tops = dv::top_activations<float>(model, source, {.layer = layer, .maps = maps, .count = options.count},
                                                 {.progress = progress_line("looking")});
    if (options.json) {
        const auto field = dv::unclipped_receptive_field(model, layer);
        nlohmann::ordered_json json{
            {"layer", tops.layer()}, {"pictures", data.size()}, {"maps", nlohmann::json::array()}};
        for (std::size_t i = 0; i < tops.maps().size(); ++i) {
            nlohmann::ordered_json map{{"map", tops.maps()[i]}, {"top", nlohmann::json::array()}};
            for (const auto& entry : tops.entries(i)) {
                const dv::Window window = field.at(entry.y, entry.x);
                map["top"].push_back(
                    {{"picture", data.name(entry.picture)},
                     {"number", entry.picture},
                     {"activation", entry.value},
                     {"y", entry.y},
                     {"x", entry.x},
                     {"receptive_field",
                      {{"y", window.y}, {"x", window.x}, {"height", window.height}, {"width", window.width}}}});
            }
            json["maps"].push_back(std::move(map));
        }
        dv::write_file(*options.json, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    }
    if (!options.out) return;
    const auto projections = dv::project_top<float>(model, source, tops, {.progress = progress_line("projecting")});
    dv::save_png(*options.out, dv::figure::top_activations(projections, {.style = style(common)}));
}

}  // namespace tool
