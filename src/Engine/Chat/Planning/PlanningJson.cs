using System.Text.Json.Serialization;

namespace Studio.Engine.Chat.Planning;

/// <summary>JSON of plans and rates, generated at build time: names are the properties' in camelCase, and part of the interface.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Plan))]
[JsonSerializable(typeof(MachineRates))]
internal sealed partial class PlanningJson : JsonSerializerContext;
