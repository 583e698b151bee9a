// What a board is: Grafana's own types, as JSON has them, and narrower where those leave something open.

import type { AnnotationQuery, Dashboard, DataSourceRef, FieldConfig, GraphFieldConfig, Panel, RowPanel, TableFieldOptions } from "@grafana/schema";
import type { Options as BarGauge } from "@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen";
import type { FieldConfig as HeatmapField, Options as Heatmap } from "@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
import type { FieldConfig as PieField, Options as Pie } from "@grafana/schema/dist/esm/raw/composable/piechart/panelcfg/x/PieChartPanelCfg_types.gen";
import type { Options as Stat } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type { FieldConfig as StatesField, Options as States } from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
import type { Options as Table } from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type { Options as TimeSeries } from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

// In JSON, a member of an enumeration is its text.
type Plain<T> = T extends string ? `${T}`
  : T extends number | boolean | null | undefined ? T
  : T extends Array<infer Item> ? Array<Plain<Item>>
  : T extends object ? { [Key in keyof T]: Plain<T[Key]> }
  : T;

// The schema has no query of Prometheus: this is what @grafana/prometheus declares of it, as far as boards use it.
interface Query {
  refId: string;
  datasource: DataSourceRef;
  editorMode: "code" | "builder";
  expr: string;
  format?: "time_series" | "table" | "heatmap";
  instant: boolean;
  range: boolean;
  legendFormat: string;
}

// Likewise what it adds to annotations.
type Annotation = Omit<Plain<AnnotationQuery>, "target"> & {
  target?: { refId: string; expr: string; interval: string };
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
  useValueForTime?: boolean;
};

type Common = Plain<Pick<Panel, "id" | "title" | "description" | "gridPos" | "datasource" | "interval" | "transformations">>;

type Of<Kind extends string, Options, Custom> = Common & {
  type: Kind;
  targets: Query[];
  options: Plain<Options>;
  fieldConfig: {
    defaults: Plain<Omit<FieldConfig, "custom">> & { custom?: Partial<Plain<Custom>> };
    overrides: Array<{ matcher: { id: "byName" | "byRegexp"; options: string }; properties: Array<{ id: string; value?: unknown }> }>;
  };
};

type AnyPanel =
  | Of<"stat", Stat, {}>
  | Of<"timeseries", TimeSeries, GraphFieldConfig>
  | Of<"bargauge", BarGauge, {}>
  | Of<"piechart", Pie, PieField>
  | Of<"table", Table, TableFieldOptions>
  | Of<"state-timeline", States, StatesField>
  | Of<"heatmap", Heatmap, HeatmapField>
  | (Plain<Omit<RowPanel, "panels" | "type">> & { type: "row"; panels: [] });

export type Board = Plain<Omit<Dashboard, "panels" | "annotations">> & {
  panels: AnyPanel[];
  annotations: { list: Annotation[] };
};
