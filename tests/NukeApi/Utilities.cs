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

    public static class EnumerableExtensions
    {
        public static IEnumerable<T> Concat<T>(this T obj, IEnumerable<T> enumerable) => throw null;
        public static IEnumerable<T> Concat<T>(this IEnumerable<T> enumerable, params T[] others) => throw null;
        public static void ForEach<T>(this IEnumerable<T> enumerable, Action<T> action) => throw null;
        public static void ForEach<T>(this IEnumerable<T> enumerable, Action<T, int> action) => throw null;
        public static IEnumerable<T> ForEachLazy<T>(this IEnumerable<T> enumerable, Action<T> action) => throw null;
    }
}
