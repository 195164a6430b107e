using System.Diagnostics.CodeAnalysis;
using System.Text;
using Dlrm.Data.Folders;
using Dlrm.Data.Preprocessing;

namespace Dlrm.Data.Records;

/// <summary>What the properties of plain records are to a model: label, numbers, categories.</summary>
/// <remarks>
/// Built from attributes (<see cref="FromAttributes"/>) or by calls, which need no reflection:
/// <code>
/// var schema = new RecordSchema&lt;Click&gt;()
///     .Label(click => click.Clicked)
///     .Dense("price", click => click.Price, new() { Log1p = true })
///     .Categorical("site", click => click.Site)
///     .Bag("tags", click => click.Tags);
/// </code>
/// Names are those of the columns of a CSV file that the model would score. Getters may be called by any thread.
/// </remarks>
/// <typeparam name="T">The record: a class or a structure.</typeparam>
public sealed class RecordSchema<T>
{
    private readonly List<RecordField<T>> _fields = [];

    /// <summary>The features, in order.</summary>
    internal IReadOnlyList<RecordField<T>> Fields => _fields;

    /// <summary>The label's column.</summary>
    internal string LabelName { get; private set; } = "label";

    /// <summary>The label; null before it is named.</summary>
    internal Func<T, float>? GetLabel { get; private set; }

    /// <summary>The weights' column.</summary>
    internal string WeightName { get; private set; } = "weight";

    /// <summary>The weight; null for none.</summary>
    internal Func<T, double>? GetWeight { get; private set; }

    /// <summary>Reads the attributes of a record's properties: <see cref="LabelAttribute"/> and the others of this namespace.</summary>
    /// <exception cref="ArgumentException">A property is of a type that cannot be what its attribute says, or none has one.</exception>
    [RequiresUnreferencedCode("Reads properties by reflection; build the schema by calls instead.")]
    [RequiresDynamicCode("Enumerations need code made at run time; build the schema by calls instead.")]
    public static RecordSchema<T> FromAttributes() => AttributeSchema.Read<T>();

    /// <summary>Names the label.</summary>
    /// <param name="label">True where the record is positive.</param>
    /// <param name="name">The column's name.</param>
    public RecordSchema<T> Label(Func<T, bool> label, string name = "label") => Label(record => label(record) ? 1f : 0f, name);

    /// <summary>Names the label.</summary>
    /// <param name="label">In [0, 1].</param>
    /// <param name="name">The column's name.</param>
    public RecordSchema<T> Label(Func<T, float> label, string name = "label")
    {
        (GetLabel, LabelName) = (label, name);
        return this;
    }

    /// <summary>Names how much each record counts in the loss.</summary>
    /// <param name="weight">0 or more.</param>
    /// <param name="name">The column's name.</param>
    public RecordSchema<T> Weight(Func<T, double> weight, string name = "weight")
    {
        (GetWeight, WeightName) = (weight, name);
        return this;
    }

    /// <summary>Adds a number.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="get">The number; NaN and null are missing.</param>
    /// <param name="options">What becomes of it; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name was used already, or cannot be one.</exception>
    public RecordSchema<T> Dense(string name, Func<T, double?> get, DenseOptions? options = null) =>
        Add(new DoubleField<T>(name, get) { Dense = Column(name, options), Sparse = AlsoCategory(name, options) });

    /// <summary>Adds a number of single precision.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="get">The number; NaN and null are missing.</param>
    /// <param name="options">What becomes of it; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name was used already, or cannot be one.</exception>
    public RecordSchema<T> Dense(string name, Func<T, float?> get, DenseOptions? options = null) =>
        Add(new SingleField<T>(name, get) { Dense = Column(name, options), Sparse = AlsoCategory(name, options) });

    /// <summary>Adds a whole number that is a quantity.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="get">The number; null is missing.</param>
    /// <param name="options">What becomes of it; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name was used already, or cannot be one.</exception>
    public RecordSchema<T> Dense(string name, Func<T, long?> get, DenseOptions? options = null) =>
        Add(new WholeField<T>(name, get) { Dense = Column(name, options), Sparse = AlsoCategory(name, options) });

    /// <summary>Adds a category.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="get">The value; null and the empty text are one category, of what is missing.</param>
    /// <param name="options">How it becomes a row of a table; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name was used already, or cannot be one.</exception>
    public RecordSchema<T> Categorical(string name, Func<T, string?> get, CategoryOptions? options = null) =>
        Add(new TextField<T>(name, get) { Sparse = Column(name, options, bag: false) });

    /// <summary>Adds a whole number that names something.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="get">The number; null is missing.</param>
    /// <param name="options">How it becomes a row of a table; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name was used already, or cannot be one.</exception>
    public RecordSchema<T> Categorical(string name, Func<T, long?> get, CategoryOptions? options = null) =>
        Add(new WholeField<T>(name, get) { Sparse = Column(name, options, bag: false) });

    /// <summary>Adds any number of texts whose embeddings are summed.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="get">The values; null is an empty bag.</param>
    /// <param name="options">How they become rows of a table; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name was used already, or cannot be one.</exception>
    public RecordSchema<T> Bag(string name, Func<T, IReadOnlyList<string>?> get, CategoryOptions? options = null) =>
        Add(new TextBagField<T>(name, Separator(options), get) { Sparse = Column(name, options, bag: true) });

    /// <summary>Adds any number of whole numbers whose embeddings are summed.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="get">The values; null is an empty bag.</param>
    /// <param name="options">How they become rows of a table; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name was used already, or cannot be one.</exception>
    public RecordSchema<T> Bag(string name, Func<T, IReadOnlyList<long>?> get, CategoryOptions? options = null) =>
        Add(new WholeBagField<T, long>(name, Separator(options), get) { Sparse = Column(name, options, bag: true) });

    /// <summary>Adds any number of whole numbers whose embeddings are summed.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="get">The values; null is an empty bag.</param>
    /// <param name="options">How they become rows of a table; null for the defaults.</param>
    /// <exception cref="ArgumentException">The name was used already, or cannot be one.</exception>
    public RecordSchema<T> Bag(string name, Func<T, IReadOnlyList<int>?> get, CategoryOptions? options = null) =>
        Add(new WholeBagField<T, int>(name, Separator(options), get) { Sparse = Column(name, options, bag: true) });

    /// <summary>Adds a category that writes itself.</summary>
    internal RecordSchema<T> Written(string name, Action<T, FieldText> write, CategoryOptions? options) =>
        Add(new WrittenField<T>(name, write) { Sparse = Column(name, options, bag: false) });

    /// <summary>The schema of the text that records become.</summary>
    internal DataSchema ToDataSchema() => new()
    {
        Label = LabelName,
        Weight = GetWeight is null ? null : WeightName,
        Dense = [.. _fields.Select(field => field.Dense).OfType<DenseColumn>()],
        Sparse = [.. _fields.Select(field => field.Sparse).OfType<SparseColumn>()],
    };

    /// <summary>Checks what training needs.</summary>
    /// <exception cref="ArgumentException">There is no label, or no category.</exception>
    internal void RequireTrainable()
    {
        Require(GetLabel is not null, $"The schema of {typeof(T).Name} names no label: call Label, or put [Label] on a property.");
        Require(
            _fields.Any(field => field.Sparse is not null),
            $"The schema of {typeof(T).Name} names no category; a model has one embedding table or more: call Categorical, or put "
            + "[Categorical] on a property ([Dense(AsCategory = true)] where there are numbers only).");
        string? clash = _fields.Select(field => field.Name).FirstOrDefault(name => name == LabelName || (GetWeight is not null && name == WeightName));
        Require(clash is null, $"'{clash}' names a feature and the label or the weight: the model would see the answer.");
        Require(GetWeight is null || WeightName != LabelName, $"'{LabelName}' names both the label and the weight.");
    }

    private static DenseColumn Column(string name, DenseOptions? options)
    {
        options ??= new DenseOptions();
        return new DenseColumn
        {
            Column = name,
            Log1p = options.Log1p,
            Scale = options.Scale,
            Fill = options.Fill,
            Indicator = options.Indicator,
        };
    }

    private static SparseColumn? AlsoCategory(string name, DenseOptions? options) => options is { AsCategory: true }
        ? new SparseColumn { Column = CategoryColumn.Of(name), Type = SparseType.Text, MinFrequency = new CategoryOptions().MinFrequency }
        : null;

    private static SparseColumn Column(string name, CategoryOptions? options, bool bag)
    {
        options ??= new CategoryOptions();
        Require(
            !bag || char.IsAscii(options.Separator), $"The separator of '{name}' is '{options.Separator}'; it must be an ASCII character.");
        Require(
            options is { MinFrequency: >= 1, HashRows: >= 0, MaxValues: >= 0 },
            $"'{name}' has MinFrequency {options.MinFrequency} (1 or more), HashRows {options.HashRows} and MaxValues {options.MaxValues} (0 or more).");
        Require(bag || options.MaxValues == 0, $"'{name}' takes one value, so MaxValues {options.MaxValues} says nothing: leave it out, or make it a list.");
        return new SparseColumn
        {
            Column = name,
            MinFrequency = options.HashRows > 0 ? 1 : options.MinFrequency,
            Hash = options.HashRows,
            Separator = bag ? options.Separator.ToString() : null,
            MaxLength = options.MaxValues,
        };
    }

    private static char Separator(CategoryOptions? options) => options?.Separator ?? CategoryOptions.UnitSeparator;

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new ArgumentException(message);
        }
    }

    private RecordSchema<T> Add(RecordField<T> field)
    {
        Require(
            field.Name.Length > 0 && !field.Name.Any(char.IsControl) && !field.Name.Contains('"', StringComparison.Ordinal)
                && Encoding.UTF8.GetByteCount(field.Name) <= 1024,
            $"'{field.Name}' cannot be a column's name: it is empty, too long, or has a quote or a control character.");
        Require(
            field.Name is not ("label" or "weight" or "group"),
            $"A feature cannot be called '{field.Name}', which data sets use for themselves: name it otherwise.");
        Require(_fields.All(other => other.Name != field.Name), $"'{field.Name}' names two features.");
        _fields.Add(field);
        return this;
    }
}

/// <summary>The name of the second column that a number has in training, when it is a category too.</summary>
internal static class CategoryColumn
{
    private const string Suffix = " as category";

    public static string Of(string name) => name + Suffix;

    /// <summary>The features with the raw column named that both come from.</summary>
    /// <param name="feature">Of a data set made of records.</param>
    /// <param name="dense">Names of its numbers.</param>
    public static SparseFeature Restore(SparseFeature feature, IReadOnlySet<string> dense) =>
        feature.Name.EndsWith(Suffix, StringComparison.Ordinal) && dense.Contains(feature.Name[..^Suffix.Length])
            ? feature with { Column = feature.Name[..^Suffix.Length] }
            : feature;
}
