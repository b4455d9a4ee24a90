namespace Nuke.Common.Utilities.Collections;

/// <summary>Chained additions, as <c>ReportSummary</c> takes them.</summary>
public static class DictionaryExtensions
{
    /// <summary>Adds a pair; an existing key is an <see cref="ArgumentException"/>.</summary>
    public static IDictionary<TKey, TValue> AddPair<TKey, TValue>(this IDictionary<TKey, TValue> dictionary, TKey key, TValue value = default!)
    {
        dictionary.Add(key, value);
        return dictionary;
    }

    /// <summary>Adds a pair with the text of any value (null becomes the empty text).</summary>
    public static IDictionary<TKey, string> AddPair<TKey, TValue>(this IDictionary<TKey, string> dictionary, TKey key, TValue value = default!)
    {
        dictionary.Add(key, value?.ToString() ?? string.Empty);
        return dictionary;
    }

    /// <summary>Adds a pair unless the key is null.</summary>
    public static IDictionary<TKey, TValue> AddPairWhenKeyNotNull<TKey, TValue>(this IDictionary<TKey, TValue> dictionary, TKey? key, TValue value = default!)
        where TKey : class
    {
        if (key is not null)
        {
            dictionary.Add(key, value);
        }

        return dictionary;
    }

    /// <summary>Adds a pair unless the value is null.</summary>
    public static IDictionary<TKey, TValue> AddPairWhenValueNotNull<TKey, TValue>(this IDictionary<TKey, TValue> dictionary, TKey key, TValue? value)
        where TValue : class
    {
        if (value is not null)
        {
            dictionary.Add(key, value);
        }

        return dictionary;
    }
}
