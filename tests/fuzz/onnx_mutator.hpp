// Changes to an ONNX model that leave it one: bytes changed at random seldom get past protobuf's lengths, and protobuf
// is not compiled to tell libFuzzer how far they got.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "deconvviz/io/detail/onnx_file.hpp"

namespace fuzz {

class OnnxMutator {
  public:
    OnnxMutator(onnx::ModelProto& model, unsigned seed) : model_(model), random_(seed) {}

    void mutate() {
        for (std::size_t changes = 1 + below(4); changes-- > 0;) {
            all_.clear();
            names_ = {"",          "image",     "Conv",         "Relu",         "LeakyRelu",
                      "Clip",      "MaxPool",   "AveragePool",  "Gemm",         "GlobalAveragePool",
                      "MatMul",    "Add",       "LRN",          "Dropout",      "BatchNormalization",
                      "Softmax",   "Pad",       "Flatten",      "Reshape",      "Squeeze",
                      "Identity",  "Constant",  "Shape",        "Gather",       "Unsqueeze",
                      "Concat",    "Cast",      "Slice",        "Pow",          "Mul",
                      "Div",       "If",        "kernel_shape", "strides",      "pads",
                      "dilations", "group",     "auto_pad",     "SAME_UPPER",   "SAME_LOWER",
                      "VALID",     "ceil_mode", "axis",         "axes",         "alpha",
                      "beta",      "transB",    "transA",       "value",        "value_ints",
                      "value_int", "min",       "max",          "ratio",        "epsilon",
                      "bias",      "size",      "start",        "end",          "count_include_pad",
                      "location",  "offset",    "length",       "weights",      "../outside",
                      "link",      "sub/..",    "4294967295",   "training_mode"};
            collect(model_);
            change(*all_[below(all_.size())]);
        }
    }

  private:
    using Field = google::protobuf::FieldDescriptor;
    using Message = google::protobuf::Message;

    std::size_t below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }

    void collect(Message& message) {
        all_.push_back(&message);
        const auto& reflection = *message.GetReflection();
        std::vector<const Field*> fields;
        reflection.ListFields(message, &fields);
        for (const Field* field : fields) {
            const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
            for (int i = 0; i < count; ++i) {
                if (field->cpp_type() == Field::CPPTYPE_MESSAGE)
                    collect(field->is_repeated() ? *reflection.MutableRepeatedMessage(&message, field, i)
                                                 : *reflection.MutableMessage(&message, field));
                else if (field->cpp_type() == Field::CPPTYPE_STRING && names_.size() < 1000)
                    names_.push_back(field->is_repeated() ? reflection.GetRepeatedString(message, field, i)
                                                          : reflection.GetString(message, field));
            }
        }
    }

    void change(Message& message) {
        const auto& type = *message.GetDescriptor();
        const auto& reflection = *message.GetReflection();
        std::vector<const Field*> fields;
        reflection.ListFields(message, &fields);  // those that are there more often than those that are not
        const Field* field = fields.empty() || below(3) == 0
                                 ? type.field(static_cast<int>(below(static_cast<std::size_t>(type.field_count()))))
                                 : fields[below(fields.size())];
        const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 0;
        const int some = count > 0 ? static_cast<int>(below(static_cast<std::size_t>(count))) : 0;
        switch (below(field->is_repeated() ? 5 : 3)) {
            case 0:
                if (!field->is_repeated())
                    reflection.ClearField(&message, field);
                else if (count > 0)
                    reflection.SwapElements(&message, field, some, count - 1);
                break;
            case 1:
            case 2:
                if (!field->is_repeated())
                    set(message, field, -1);
                else if (count > 0)
                    set(message, field, some);
                break;
            case 3:
                if (count > 0) {
                    reflection.SwapElements(&message, field, some, count - 1);
                    reflection.RemoveLast(&message, field);
                }
                break;
            default:
                add(message, field);
                set(message, field, count);
        }
    }

    static void add(Message& message, const Field* field) {
        const auto& reflection = *message.GetReflection();
        switch (field->cpp_type()) {
            case Field::CPPTYPE_INT32:
                return reflection.AddInt32(&message, field, 0);
            case Field::CPPTYPE_INT64:
                return reflection.AddInt64(&message, field, 0);
            case Field::CPPTYPE_UINT64:
                return reflection.AddUInt64(&message, field, 0);
            case Field::CPPTYPE_FLOAT:
                return reflection.AddFloat(&message, field, 0);
            case Field::CPPTYPE_DOUBLE:
                return reflection.AddDouble(&message, field, 0);
            case Field::CPPTYPE_STRING:
                return reflection.AddString(&message, field, "");
            case Field::CPPTYPE_MESSAGE:
                reflection.AddMessage(&message, field);
                return;
            default:
                return;  // ONNX repeats nothing else
        }
    }

    /// A field, or its element i, anew. (An element of a repeated field is never of a type that `add` leaves out.)
    void set(Message& message, const Field* field, int i) {
        const auto& r = *message.GetReflection();
        const bool repeated = i >= 0;
        switch (field->cpp_type()) {
            case Field::CPPTYPE_INT32: {
                const auto value = static_cast<std::int32_t>(number());
                return repeated ? r.SetRepeatedInt32(&message, field, i, value) : r.SetInt32(&message, field, value);
            }
            case Field::CPPTYPE_INT64: {
                const std::int64_t value = number();
                return repeated ? r.SetRepeatedInt64(&message, field, i, value) : r.SetInt64(&message, field, value);
            }
            case Field::CPPTYPE_FLOAT: {
                const auto value = static_cast<float>(real());
                return repeated ? r.SetRepeatedFloat(&message, field, i, value) : r.SetFloat(&message, field, value);
            }
            case Field::CPPTYPE_DOUBLE:
                return repeated ? r.SetRepeatedDouble(&message, field, i, real())
                                : r.SetDouble(&message, field, real());
            case Field::CPPTYPE_STRING: {
                std::string value = names_[below(names_.size())];
                if (below(8) == 0) value.resize(below(65), '\0');
                return repeated ? r.SetRepeatedString(&message, field, i, value) : r.SetString(&message, field, value);
            }
            case Field::CPPTYPE_ENUM: {
                const auto& all = *field->enum_type();
                return r.SetEnum(&message, field,
                                 all.value(static_cast<int>(below(static_cast<std::size_t>(all.value_count())))));
            }
            case Field::CPPTYPE_MESSAGE: {
                // A copy of another one, taken first: it may be, or hold, what is overwritten.
                std::string copy;
                for (int tries = 0; tries < 20 && copy.empty(); ++tries)
                    if (const Message& other = *all_[below(all_.size())];
                        other.GetDescriptor() == field->message_type())
                        copy = other.SerializeAsString();
                Message& inner =
                    repeated ? *r.MutableRepeatedMessage(&message, field, i) : *r.MutableMessage(&message, field);
                inner.ParseFromString(copy);
                return;
            }
            default:
                return;
        }
    }

    std::int64_t number() {
        static constexpr std::int64_t edges[] = {
            0,         1,         -1,        2,         3,         6,         7,        8,       9,
            10,        11,        13,        17,        64,        65,        1 << 15,  1 << 28, 1 << 30,
            INT32_MAX, INT32_MIN, 1LL << 31, 1LL << 32, 1LL << 62, INT64_MAX, INT64_MIN};
        if (below(2) == 0) return static_cast<std::int64_t>(below(12));
        return edges[below(std::size(edges))];
    }

    double real() {
        static constexpr double edges[] = {0, 1, -1, 0.5, 0.75, 2, 6, 1e-5, 1e30, -1e30, 1e300, 1e-320};
        switch (below(8)) {
            case 0:
                return std::numeric_limits<double>::infinity();
            case 1:
                return std::numeric_limits<double>::quiet_NaN();
            default:
                return edges[below(std::size(edges))];
        }
    }

    onnx::ModelProto& model_;
    std::mt19937 random_;
    std::vector<Message*> all_;
    std::vector<std::string> names_;
};

}  // namespace fuzz
