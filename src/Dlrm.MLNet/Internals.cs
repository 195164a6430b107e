using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Dlrm.MLNet;

/// <summary>
/// The few members that ML.NET keeps for its own assemblies and without which a component from elsewhere cannot stand in a
/// saved pipeline: the one place that knows them. A test does each; another version of ML.NET that lacks one is told at once.
/// </summary>
internal static class Internals
{
    /// <summary>How a saved pipeline names the transformer.</summary>
    private const string LoaderSignature = "DlrmTransformer";

    private const BindingFlags Any = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly Assembly Core = typeof(ITransformer).Assembly;
    private static readonly Type LoadContext = Find("Microsoft.ML.ModelLoadContext");
    private static readonly Type VersionInfo = Find("Microsoft.ML.VersionInfo");

    /// <summary>The components that a catalog of trainers knows.</summary>
    public static ComponentCatalog CatalogOf(BinaryClassificationCatalog.BinaryClassificationTrainers trainers)
    {
        object owner = Property(trainers.GetType(), "Owner").GetValue(trainers)!;
        var environment = (IHostEnvironment)Property(owner.GetType(), "Environment").GetValue(owner)!;
        return environment.ComponentCatalog;
    }

    /// <summary>Makes the transformer known to a catalog, so that saved pipelines find it; again and again does no harm.</summary>
    public static void Register(ComponentCatalog catalog)
    {
        Type signature = Find("Microsoft.ML.SignatureLoadModel");
        MethodInfo find = Method(typeof(ComponentCatalog), "GetLoadableClassInfo", typeof(string), typeof(Type));
        lock (catalog)
        {
            if (find.Invoke(catalog, [LoaderSignature, signature]) is not null)
            {
                return;
            }

            object attribute = Create(
                Find("Microsoft.ML.LoadableClassAttribute"),
                [typeof(string), typeof(Type), typeof(Type), typeof(Type), typeof(string), typeof(string[])],
                ["DLRM", typeof(DlrmTransformer), null, signature, "DLRM", new[] { LoaderSignature }]);
            Type info = Find("Microsoft.ML.Runtime.ComponentCatalog+LoadableClassInfo");
            ConstructorInfo constructor = info.GetConstructors(Any).Single();
            MethodInfo load = Method(typeof(DlrmTransformer), nameof(DlrmTransformer.Create), typeof(IHostEnvironment), typeof(object));
            object entry = constructor.Invoke([attribute, null, null, load, true]);
            Method(typeof(ComponentCatalog), "AddClass", info, typeof(string[]), typeof(bool))
                .Invoke(catalog, [entry, new[] { LoaderSignature }, true]);
        }
    }

    /// <summary>Begins a saved component and gives where its content goes.</summary>
    public static BinaryWriter BeginSave(ModelSaveContext context)
    {
        object version = VersionInfo.GetConstructors(Any).Single().Invoke(
            ["DLRM NET", 0x00010001u, 0x00010001u, 0x00010001u, typeof(DlrmTransformer).Assembly.FullName, LoaderSignature, null]);
        Method(typeof(ModelSaveContext), "CheckAtModel").Invoke(context, null);
        Method(typeof(ModelSaveContext), "SetVersionInfo", VersionInfo).Invoke(context, [version]);
        return (BinaryWriter)Field(typeof(ModelSaveContext), "Writer").GetValue(context)!;
    }

    /// <summary>Where the content of a saved component is read from.</summary>
    public static BinaryReader ContentOf(object loadContext) => (BinaryReader)Field(LoadContext, "Reader").GetValue(loadContext)!;

    /// <summary>A column of a schema before there is data.</summary>
    public static SchemaShape.Column Column(string name, DataViewType type) =>
        NewColumn(name, SchemaShape.Column.VectorKind.Scalar, type, isKey: false, annotations: null);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern SchemaShape.Column NewColumn(
        string name, SchemaShape.Column.VectorKind vecKind, DataViewType itemType, bool isKey, SchemaShape? annotations);

    private static Type Find(string name) => Core.GetType(name) ?? throw Missing(name);

    private static object Create(Type type, Type[] types, object?[] arguments) =>
        (type.GetConstructor(Any, types) ?? throw Missing($"{type.Name}'s constructor")).Invoke(arguments);

    private static MethodInfo Method(Type type, string name, params Type[] types) =>
        type.GetMethod(name, Any, types) ?? throw Missing($"{type.Name}.{name}");

    private static FieldInfo Field(Type type, string name) => type.GetField(name, Any) ?? throw Missing($"{type.Name}.{name}");

    private static PropertyInfo Property(Type type, string name)
    {
        for (Type? declaring = type; declaring is not null; declaring = declaring.BaseType)
        {
            if (declaring.GetProperty(name, Any | BindingFlags.DeclaredOnly) is { } found)
            {
                return found;
            }
        }

        throw Missing($"{type.Name}.{name}");
    }

    private static NotSupportedException Missing(string what) =>
        new($"This version of ML.NET ({Core.GetName().Version}) has no {what}: Dlrm.MLNet was made for Microsoft.ML 5.0.");
}
