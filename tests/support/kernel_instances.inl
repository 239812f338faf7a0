// Every kernel that layers and training call, for the type DECONVVIZ_REAL: declared as compiled elsewhere where
// DECONVVIZ_INSTANCE is `extern template`, compiled where it is `template`.
namespace deconvviz::kernels {

DECONVVIZ_INSTANCE void convolution<DECONVVIZ_REAL>(const ConvolutionShape&, const DECONVVIZ_REAL*,
                                                    const DECONVVIZ_REAL*, const DECONVVIZ_REAL*, DECONVVIZ_REAL*,
                                                    const Window&);
DECONVVIZ_INSTANCE void transposed_convolution<DECONVVIZ_REAL>(const ConvolutionShape&, const DECONVVIZ_REAL*,
                                                               const DECONVVIZ_REAL*, DECONVVIZ_REAL*, const Window&);
DECONVVIZ_INSTANCE void convolution_weight_gradient<DECONVVIZ_REAL>(const ConvolutionShape&, const DECONVVIZ_REAL*,
                                                                    const DECONVVIZ_REAL*, DECONVVIZ_REAL*);
DECONVVIZ_INSTANCE bool changed_convolution<DECONVVIZ_REAL>(const ChangedConvolution<DECONVVIZ_REAL>&);
DECONVVIZ_INSTANCE void max_pool_side_by_side<DECONVVIZ_REAL>(const MaxPoolShape&,
                                                              const SideBySide<const DECONVVIZ_REAL*>&,
                                                              const SideBySide<DECONVVIZ_REAL*>&);
DECONVVIZ_INSTANCE void average_pool_side_by_side<DECONVVIZ_REAL>(const AveragePoolShape&,
                                                                  const SideBySide<const DECONVVIZ_REAL*>&,
                                                                  const SideBySide<DECONVVIZ_REAL*>&);
DECONVVIZ_INSTANCE void take_apart<DECONVVIZ_REAL>(const SideBySide<const DECONVVIZ_REAL*>&, Index, const Size2D&,
                                                   Index, DECONVVIZ_REAL* const*);
DECONVVIZ_INSTANCE void dense<DECONVVIZ_REAL>(const DenseShape&, const DECONVVIZ_REAL*, const DECONVVIZ_REAL*,
                                              const DECONVVIZ_REAL*, DECONVVIZ_REAL*);
DECONVVIZ_INSTANCE void dense_transposed<DECONVVIZ_REAL>(const DenseShape&, const DECONVVIZ_REAL*,
                                                         const DECONVVIZ_REAL*, DECONVVIZ_REAL*);
DECONVVIZ_INSTANCE void dense_weight_gradient<DECONVVIZ_REAL>(const DenseShape&, const DECONVVIZ_REAL*,
                                                              const DECONVVIZ_REAL*, DECONVVIZ_REAL*);
DECONVVIZ_INSTANCE void max_pool<DECONVVIZ_REAL, std::uint8_t>(const MaxPoolShape&, const DECONVVIZ_REAL*,
                                                               DECONVVIZ_REAL*, std::uint8_t*, const Window&);
DECONVVIZ_INSTANCE void unpool<DECONVVIZ_REAL, std::uint8_t>(const MaxPoolShape&, const DECONVVIZ_REAL*,
                                                             const std::uint8_t*, DECONVVIZ_REAL*, Overlap,
                                                             const Window&);
DECONVVIZ_INSTANCE void local_response_norm<DECONVVIZ_REAL>(const LocalResponseNormShape<DECONVVIZ_REAL>&,
                                                            const DECONVVIZ_REAL*, DECONVVIZ_REAL*, DECONVVIZ_REAL*);
DECONVVIZ_INSTANCE void local_response_norm_backward<DECONVVIZ_REAL>(const LocalResponseNormShape<DECONVVIZ_REAL>&,
                                                                     const DECONVVIZ_REAL*, const DECONVVIZ_REAL*,
                                                                     const DECONVVIZ_REAL*, const DECONVVIZ_REAL*,
                                                                     DECONVVIZ_REAL*);
DECONVVIZ_INSTANCE void relu<DECONVVIZ_REAL>(Index, const DECONVVIZ_REAL*, DECONVVIZ_REAL*);
DECONVVIZ_INSTANCE void relu_reverse<DECONVVIZ_REAL>(Index, ReluRule, const DECONVVIZ_REAL*, const DECONVVIZ_REAL*,
                                                     DECONVVIZ_REAL*);
DECONVVIZ_INSTANCE void sgd_step<DECONVVIZ_REAL>(Index, const SgdStep<DECONVVIZ_REAL>&, const DECONVVIZ_REAL*,
                                                 DECONVVIZ_REAL*, DECONVVIZ_REAL*);
DECONVVIZ_INSTANCE void channel_sums<DECONVVIZ_REAL>(Index, Index, Index, const DECONVVIZ_REAL*, DECONVVIZ_REAL*);

}  // namespace deconvviz::kernels
