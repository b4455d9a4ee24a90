namespace Nuke.Common.Utilities
{
    public static class StringExtensions
    {
        public static string Join(this IEnumerable<string> values, string separator) => throw null;
        public static string JoinCommaSpace(this IEnumerable<string> values) => throw null;
        public static string JoinSpace(this IEnumerable<string> values) => throw null;
    }
}

namespace Nuke.Common.Utilities.Collections
{
    public static class DictionaryExtensions
    {
        public static IDictionary<TKey, TValue> AddPair<TKey, TValue>(this IDictionary<TKey, TValue> dictionary, TKey key, TValue value = default) => throw null;
        public static IDictionary<TKey, string> AddPair<TKey, TValue>(this IDictionary<TKey, string> dictionary, TKey key, TValue value = default) => throw null;

        public static IDictionary<TKey, TValue> AddPairWhenKeyNotNull<TKey, TValue>(this IDictionary<TKey, TValue> dictionary, TKey key, TValue value = default)
            where TKey : class => throw null;

        public static IDictionary<TKey, TValue> AddPairWhenValueNotNull<TKey, TValue>(this IDictionary<TKey, TValue> dictionary, TKey key, TValue value)
            where TValue : class => throw null;
    }
}
