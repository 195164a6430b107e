using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace Dlrm.Data.Records;

/// <summary>Reads a schema from the attributes of a record's properties.</summary>
[RequiresUnreferencedCode("Reads properties by reflection.")]
[RequiresDynamicCode("Makes getters of enumerations at run time.")]
internal static class AttributeSchema
{
    private delegate TValue StructureGetter<T, TValue>(ref T record);

    public static RecordSchema<T> Read<T>()
    {
        var schema = new RecordSchema<T>();
        ParameterInfo[] parameters = [.. typeof(T).GetConstructors().SelectMany(constructor => constructor.GetParameters())];
        bool any = false;
        foreach (PropertyInfo property in typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            // Of a positional record, attributes stand on the parameter unless they say otherwise.
            ParameterInfo? parameter = parameters.FirstOrDefault(
                candidate => candidate.Name == property.Name && candidate.ParameterType == property.PropertyType);
            any |= Add(schema, property, attribute =>
                property.GetCustomAttribute(attribute) ?? parameter?.GetCustomAttribute(attribute));
        }

        return any
            ? schema
            : throw new ArgumentException(
                $"No property of {typeof(T).Name} has an attribute such as [Label], [Dense] or [Categorical]: add them, or give a "
                + "RecordSchema built by calls.");
    }

    private static bool Add<T>(RecordSchema<T> schema, PropertyInfo property, Func<Type, Attribute?> find)
    {
        string name = property.Name;
        var label = (LabelAttribute?)find(typeof(LabelAttribute));
        var weight = (SampleWeightAttribute?)find(typeof(SampleWeightAttribute));
        var dense = (DenseAttribute?)find(typeof(DenseAttribute));
        var categorical = (CategoricalAttribute?)find(typeof(CategoricalAttribute));
        int count = new object?[] { label, weight, dense, categorical }.Count(attribute => attribute is not null);
        if (count == 0)
        {
            return false;
        }

        if (count > 1 || !property.CanRead)
        {
            throw new ArgumentException(
                $"{typeof(T).Name}.{name} {(count > 1 ? "has more than one of [Label], [SampleWeight], [Dense], [Categorical] ([Dense(AsCategory = true)] makes a number both)" : "cannot be read")}.");
        }

        bool known = label is not null ? AddLabel(schema, property, label.Name ?? name)
            : weight is not null ? AddWeight(schema, property, weight.Name ?? name)
            : dense is not null ? AddDense(schema, property, dense.Name ?? name, dense.Options)
            : AddCategorical(schema, property, categorical!.Name ?? name, categorical.Options);
        return known ? true : throw new ArgumentException(
            $"{typeof(T).Name}.{name} is {property.PropertyType}, which cannot be {(label is not null ? "a label (bool or float)"
                : weight is not null ? "a weight (double or float)"
                : dense is not null ? "a dense feature (double, float, decimal, bool or a whole number, or one of these that may be null)"
                : "a category (string, bool, a whole number, an enumeration, or a list of string, int or long)")}.");
    }

    private static bool AddLabel<T>(RecordSchema<T> schema, PropertyInfo property, string name)
    {
        if (property.PropertyType == typeof(bool))
        {
            schema.Label(Getter<T, bool>(property), name);
            return true;
        }

        if (property.PropertyType == typeof(float))
        {
            schema.Label(Getter<T, float>(property), name);
            return true;
        }

        return false;
    }

    private static bool AddWeight<T>(RecordSchema<T> schema, PropertyInfo property, string name)
    {
        if (property.PropertyType == typeof(double))
        {
            schema.Weight(Getter<T, double>(property), name);
            return true;
        }

        if (property.PropertyType == typeof(float))
        {
            Func<T, float> get = Getter<T, float>(property);
            schema.Weight(record => get(record), name);
            return true;
        }

        return false;
    }

    private static bool AddDense<T>(RecordSchema<T> schema, PropertyInfo property, string name, DenseOptions options)
    {
        if (Whole<T>(property) is { } whole)
        {
            schema.Dense(name, whole, options);
        }
        else if ((Value<T, float, float?>(property, value => value) ?? Value<T, float?, float?>(property, value => value)) is { } single)
        {
            schema.Dense(name, single, options);
        }
        else if ((Value<T, double, double?>(property, value => value)
            ?? Value<T, double?, double?>(property, value => value)
            ?? Value<T, decimal, double?>(property, value => (double)value)
            ?? Value<T, decimal?, double?>(property, value => (double?)value)
            ?? Value<T, bool, double?>(property, value => value ? 1 : 0)
            ?? Value<T, bool?, double?>(property, value => value is null ? null : value.Value ? 1 : 0)) is { } number)
        {
            schema.Dense(name, number, options);
        }
        else
        {
            return false;
        }

        return true;
    }

    private static bool AddCategorical<T>(RecordSchema<T> schema, PropertyInfo property, string name, CategoryOptions options)
    {
        Type type = property.PropertyType;
        if (Whole<T>(property) is { } whole)
        {
            schema.Categorical(name, whole, options);
        }
        else if (type == typeof(string))
        {
            schema.Categorical(name, Getter<T, string?>(property), options);
        }
        else if ((Value<T, bool, string?>(property, value => value ? "true" : "false")
            ?? Value<T, bool?, string?>(property, value => value is null ? null : value.Value ? "true" : "false")) is { } flag)
        {
            schema.Categorical(name, flag, options);
        }
        else if ((Nullable.GetUnderlyingType(type) ?? type).IsEnum)
        {
            typeof(AttributeSchema).GetMethod(type.IsEnum ? nameof(AddEnumeration) : nameof(AddOptionalEnumeration), BindingFlags.NonPublic | BindingFlags.Static)!
                .MakeGenericMethod(typeof(T), Nullable.GetUnderlyingType(type) ?? type)
                .Invoke(null, [schema, property, name, options]);
        }
        else if (List<T, string>(property) is { } texts)
        {
            schema.Bag(name, texts, options);
        }
        else if (List<T, long>(property) is { } longs)
        {
            schema.Bag(name, longs, options);
        }
        else if (List<T, int>(property) is { } integers)
        {
            schema.Bag(name, integers, options);
        }
        else
        {
            return false;
        }

        return true;
    }

    private static void AddEnumeration<T, TEnum>(RecordSchema<T> schema, PropertyInfo property, string name, CategoryOptions options)
        where TEnum : struct, Enum
    {
        Func<T, TEnum> get = Getter<T, TEnum>(property);
        schema.Written(name, (record, text) => WriteName(get(record), text), options);
    }

    private static void AddOptionalEnumeration<T, TEnum>(RecordSchema<T> schema, PropertyInfo property, string name, CategoryOptions options)
        where TEnum : struct, Enum
    {
        Func<T, TEnum?> get = Getter<T, TEnum?>(property);
        schema.Written(
            name,
            (record, text) =>
            {
                if (get(record) is { } value)
                {
                    WriteName(value, text);
                }
            },
            options);
    }

    /// <summary>The name of a value, without the text object that ToString may make.</summary>
    private static void WriteName<TEnum>(TEnum value, FieldText text)
        where TEnum : struct, Enum
    {
        Span<char> name = stackalloc char[256];
        text.Append(Enum.TryFormat(value, name, out int length) ? name[..length] : value.ToString());
    }

    private static Func<T, long?>? Whole<T>(PropertyInfo property) =>
        Value<T, long, long?>(property, value => value)
        ?? Value<T, long?, long?>(property, value => value)
        ?? Value<T, int, long?>(property, value => value)
        ?? Value<T, int?, long?>(property, value => value)
        ?? Value<T, uint, long?>(property, value => value)
        ?? Value<T, uint?, long?>(property, value => value)
        ?? Value<T, short, long?>(property, value => value)
        ?? Value<T, short?, long?>(property, value => value)
        ?? Value<T, ushort, long?>(property, value => value)
        ?? Value<T, ushort?, long?>(property, value => value)
        ?? Value<T, byte, long?>(property, value => value)
        ?? Value<T, byte?, long?>(property, value => value)
        ?? Value<T, sbyte, long?>(property, value => value)
        ?? Value<T, sbyte?, long?>(property, value => value);

    /// <summary>The property as another type; null when it is not of the one asked for.</summary>
    private static Func<T, TTo>? Value<T, TFrom, TTo>(PropertyInfo property, Func<TFrom, TTo> convert)
    {
        if (property.PropertyType != typeof(TFrom))
        {
            return null;
        }

        Func<T, TFrom> get = Getter<T, TFrom>(property);
        return record => convert(get(record));
    }

    private static Func<T, IReadOnlyList<TItem>?>? List<T, TItem>(PropertyInfo property)
    {
        // Of an array of another type of the same size, such as uint[], the run time says that it is a list of these too.
        Type type = property.PropertyType;
        bool isList = typeof(IReadOnlyList<TItem>).IsAssignableFrom(type) && !(type.IsArray && type.GetElementType() != typeof(TItem));
        if (!isList || type.IsValueType)
        {
            return null;
        }

        if (!typeof(T).IsValueType)
        {
            return property.GetMethod!.CreateDelegate<Func<T, IReadOnlyList<TItem>?>>();
        }

        StructureGetter<T, IReadOnlyList<TItem>?> get = property.GetMethod!.CreateDelegate<StructureGetter<T, IReadOnlyList<TItem>?>>();
        return record => get(ref record);
    }

    private static Func<T, TValue> Getter<T, TValue>(PropertyInfo property)
    {
        if (!typeof(T).IsValueType)
        {
            return property.GetMethod!.CreateDelegate<Func<T, TValue>>();
        }

        StructureGetter<T, TValue> get = property.GetMethod!.CreateDelegate<StructureGetter<T, TValue>>();
        return record => get(ref record);
    }
}
