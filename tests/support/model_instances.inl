// Tensors, layers, models and their traces, for the type DECONVVIZ_REAL: declared as compiled elsewhere where
// DECONVVIZ_INSTANCE is `extern template`, compiled where it is `template`.
namespace deconvviz {

DECONVVIZ_INSTANCE class Tensor<DECONVVIZ_REAL>;
DECONVVIZ_INSTANCE struct AnyLayer<DECONVVIZ_REAL>::Interface;  // explicit instances may name what is private
DECONVVIZ_INSTANCE class Trace<DECONVVIZ_REAL>;
DECONVVIZ_INSTANCE class Sequential<DECONVVIZ_REAL>;
DECONVVIZ_INSTANCE class IncrementalForward<DECONVVIZ_REAL>;
DECONVVIZ_INSTANCE void initialise(Sequential<DECONVVIZ_REAL>&, const InitialiseOptions&);

// A layer, and what holds it.
#define DECONVVIZ_LAYER(LAYER)                                                       \
    DECONVVIZ_INSTANCE class LAYER<DECONVVIZ_REAL>;                                  \
    DECONVVIZ_INSTANCE struct AnyLayer<DECONVVIZ_REAL>::Held<LAYER<DECONVVIZ_REAL>>; \
    DECONVVIZ_INSTANCE AnyLayer<DECONVVIZ_REAL>::AnyLayer(LAYER<DECONVVIZ_REAL>);
DECONVVIZ_LAYER(AveragePool2D)
DECONVVIZ_LAYER(Conv2D)
DECONVVIZ_LAYER(Dense)
DECONVVIZ_LAYER(Dropout)
DECONVVIZ_LAYER(Flatten)
DECONVVIZ_LAYER(LocalResponseNorm)
DECONVVIZ_LAYER(MaxPool2D)
DECONVVIZ_LAYER(ReLU)
DECONVVIZ_LAYER(Softmax)
#undef DECONVVIZ_LAYER

}  // namespace deconvviz
