// A TapProduct, in the better of its two ways; see tap_product.hpp and for_each_isa.inl.

template <class T>
inline void tap_product(const detail::TapProduct<T>& product) {
    if (product.winograd && winograd_pays(product)) return winograd(product);
    if (batch_pays(product)) return tap_batch(product);
    tap_rows(product);
}
